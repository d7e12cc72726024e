"""`purser worker` that kills itself at a named point around the call to the bank, the so-manieth time it gets there.

python -m tests.workers.dying_worker <number of the point> <how many times it gets there>
"""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx

from ledger.asking import changing
from ledger.service import Ledger
from runtime.settings import Settings
from workers import conclusions, worker
from workers.conclusions import Claim
from workers.http_bank import HttpBank
from workers.withdrawal_claims import SQL, Claims

# A machine that tests run on has one clock.
MARGIN_SECONDS = 1.0
# Some postings are committed in this time, and others are not.
MIDDLE_SECONDS = 0.004

Method = Callable[..., Awaitable[Any]]
Die = Callable[[], None]


def before(method: Method, die: Die) -> Method:
    @functools.wraps(method)
    async def wrapped(*arguments: Any, **more: Any) -> Any:
        die()
        return await method(*arguments, **more)

    return wrapped


def after(method: Method, die: Die) -> Method:
    @functools.wraps(method)
    async def wrapped(*arguments: Any, **more: Any) -> Any:
        result = await method(*arguments, **more)
        if result != []:
            die()
        return result

    return wrapped


def in_the_middle(method: Method, die: Die) -> Method:
    @functools.wraps(method)
    async def wrapped(*arguments: Any, **more: Any) -> Any:
        going = asyncio.ensure_future(method(*arguments, **more))
        await asyncio.sleep(MIDDLE_SECONDS)
        die()
        return await going

    return wrapped


def before_the_commit(_: Method, die: Die) -> Method:
    """Claims as the method does, in a transaction that can be left open."""

    async def claim(self: Claims, count_max: int) -> list[Claim]:
        async with changing(), self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(SQL["claim"], count_max, self._lane, self._call_limit, self._limit)
            if rows:
                die()
        return [Claim(*row) for row in rows]

    return claim


def once_sent(_: Method, die: Die) -> Method:
    """The request has left in full, and nothing has come back."""

    async def traced(event: str, _: dict[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            die()

    class Transport(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                request.extensions = {**request.extensions, "trace": traced}
            return await super().handle_async_request(request)

    def opened(self: HttpBank, *arguments: Any, **more: Any) -> None:
        original(self, *arguments, **more)
        self._client._transport = Transport(limits=httpx.Limits(max_connections=100))

    original = HttpBank.__init__
    return opened  # type: ignore[return-value]


class Point(NamedTuple):
    """Where a worker may die: in what stands at `method` of `owner`, when it is wrapped so."""

    name: str
    owner: type
    method: str
    wrap: Callable[[Method, Die], Method]


POINTS = (
    Point("before the claim's commit", Claims, "claim", before_the_commit),
    Point("after the claim's commit", Claims, "claim", after),
    Point("before the call", HttpBank, "pay", before),
    Point("once the request was sent", HttpBank, "__init__", once_sent),
    Point("after the answer", HttpBank, "pay", after),
    Point("before the attempt's end is written", Claims, "end_attempt", before),
    Point("after the attempt's end is written, before the posting", Ledger, "submit", before),
    Point("in the middle of the posting", Ledger, "submit", in_the_middle),
    Point("after the posting's commit", Ledger, "submit", after),
    Point("before another attempt is allowed", Claims, "pay_again", before),
    Point("after another attempt is allowed", Claims, "pay_again", after),
    Point("before a doubt is written", Claims, "ask_again", before),
    Point("after a doubt is written", Claims, "ask_again", after),
    Point("before the question", HttpBank, "ask", before),
    Point("after the answer to the question", HttpBank, "ask", after),
)


def arrange_death(number: int, times: int) -> None:
    """Has this process die at point `number` when it gets there that many times."""
    left = times

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    point = POINTS[number]
    setattr(point.owner, point.method, point.wrap(getattr(point.owner, point.method), die))


def main() -> None:
    """A worker for all lanes, which dies."""
    number, times = map(int, sys.argv[1:])
    conclusions.MARGIN_SECONDS = MARGIN_SECONDS
    arrange_death(number, times)
    settings = Settings.load()
    assert settings.database_url is not None
    worker.run(settings, settings.database_url)


if __name__ == "__main__":
    main()
