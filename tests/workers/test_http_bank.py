"""`HttpBank` against the simulated bank, and against banks that do what they should not."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.workers.banks import RunningBank, running_bank
from workers.bank import Answer, Payment, Result
from workers.http_bank import REPLY_BYTES_MAX, HttpBank, NotAnAnswer

NO_ANSWER = (TimeoutError, httpx.HTTPError, NotAnAnswer)
SECONDS_MAX = 20.0


def payment(seconds: float = 60, *, reference: str | None = None) -> Payment:
    """A payment with a reference of its own, in a time zone that is not the bank's."""
    not_after = datetime.now(UTC) + timedelta(seconds=seconds)
    return Payment(
        reference or f"purser-{uuid4()}",
        'Zoë & Co "7" \\ /?#%',
        "12.50",
        "EUR",
        not_after.astimezone(timezone(timedelta(hours=5, minutes=45))),
    )


@pytest.fixture(scope="module")
def paying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBank]:
    """A bank that pays everybody, at once."""
    with running_bank(tmp_path_factory.mktemp("bank"), success_rate=1) as bank:
        yield bank


async def test_paid(paying: RunningBank) -> None:
    async with HttpBank(paying.url, SECONDS_MAX) as bank:
        asked = payment()
        assert await bank.ask(asked.reference) == Answer(Result.NOT_KNOWN)
        assert await bank.pay(asked) == Answer(Result.PAID)
        assert await bank.ask(asked.reference) == Answer(Result.PAID)
    (made,) = [made for made in paying.payments() if made["reference"] == asked.reference]
    assert (made["destination"], made["amount"], made["currency"]) == (asked.destination, "12.50", "EUR")


async def test_too_late(paying: RunningBank) -> None:
    async with HttpBank(paying.url, SECONDS_MAX) as bank:
        late = payment(-1)
        assert await bank.pay(late) == Answer(Result.FAILED, "TOO_LATE")
        assert await bank.ask(late.reference) == Answer(Result.FAILED, "TOO_LATE")


async def test_failed(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=0) as running:
        async with HttpBank(running.url, SECONDS_MAX) as bank:
            assert await bank.pay(payment()) == Answer(Result.FAILED, "TRY_AGAIN")


async def test_refused(tmp_path: Path) -> None:
    with running_bank(tmp_path, refusals=1) as running:
        async with HttpBank(running.url, SECONDS_MAX) as bank:
            assert await bank.pay(payment()) == Answer(Result.REFUSED, "UNKNOWN_ACCOUNT")


async def test_a_time_out_is_no_answer(tmp_path: Path) -> None:
    # With this seed the first latency is eight seconds.
    with running_bank(tmp_path, success_rate=1, latency=60_000, seed=1) as running:
        async with HttpBank(running.url, 0.5) as bank:
            asked = payment()
            with pytest.raises(NO_ANSWER):
                await bank.pay(asked)
            assert await bank.ask(asked.reference) == Answer(Result.UNDERWAY)
            assert await bank.pay(asked) == Answer(Result.UNDERWAY)


async def test_a_lost_reply_is_no_answer(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, lost_replies=1, seed=1) as running:
        async with HttpBank(running.url, 0.5) as bank:
            # Some are cut off, some never come.
            for _ in range(6):
                asked = payment()
                with pytest.raises(NO_ANSWER):
                    await bank.pay(asked)
                assert await bank.ask(asked.reference) == Answer(Result.PAID)


async def test_a_bank_out_of_order_gives_no_answer(tmp_path: Path) -> None:
    with running_bank(tmp_path, outages=1) as running:
        async with HttpBank(running.url, SECONDS_MAX) as bank:
            for call in (bank.pay(payment()), bank.ask("reference")):
                with pytest.raises(NO_ANSWER):
                    await call


async def test_a_bank_that_is_away_gives_no_answer_until_it_is_back(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1) as running:
        async with HttpBank(running.url, SECONDS_MAX) as bank:
            asked = payment()
            assert (await bank.pay(asked)).result is Result.PAID
            running.kill()
            for call in (bank.pay(payment()), bank.ask(asked.reference)):
                with pytest.raises(httpx.HTTPError):
                    await call
            running.start()
            assert (await bank.ask(asked.reference)).result is Result.PAID


async def test_another_payment_of_the_same_reference_gives_no_answer(paying: RunningBank) -> None:
    async with HttpBank(paying.url, SECONDS_MAX) as bank:
        asked = payment()
        await bank.pay(asked)
        with pytest.raises(NotAnAnswer, match="409"):
            await bank.pay(Payment(asked.reference, "somebody else", "12.50", "EUR", asked.not_after))


async def test_many_at_once_through_a_few_connections(paying: RunningBank) -> None:
    asked = [payment() for _ in range(300)]
    async with HttpBank(paying.url, SECONDS_MAX, connections_max=10) as bank:
        answers = await asyncio.gather(*map(bank.pay, asked))
    assert set(answers) == {Answer(Result.PAID)}
    assert {made["reference"] for made in paying.payments()} >= {one.reference for one in asked}


async def test_a_cancelled_call_gives_its_connection_back(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, latency=60_000, seed=1) as running:
        async with HttpBank(running.url, SECONDS_MAX, connections_max=1) as bank:
            call = asyncio.create_task(bank.pay(payment()))
            await asyncio.sleep(0.2)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await bank.ask("nobody") == Answer(Result.NOT_KNOWN)


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def strange_bank(talk: Talk) -> AsyncIterator[str]:
    """The URL of a server that talks so on each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def reply_of(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status.encode(), len(body), body)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"BANK/1.0 yes\r\n\r\n",
        reply_of(b""),
        reply_of(b"PAID"),
        reply_of(b"[]"),
        reply_of(b"null"),
        reply_of(b'"PAID"'),
        reply_of(b"{}"),
        reply_of(b'{"result": "paid"}'),
        reply_of(b'{"result": null}'),
        reply_of(b'{"result": ["PAID"]}'),
        reply_of(b'{"result": "PAID", "reason": 5}'),
        reply_of(b'{"result": "NOT_KNOWN", "reason": ""}'),
        reply_of(b'{"result": "PAID"}', "201 Created"),
        reply_of(b'{"result": "PAID"}', "500 Internal Server Error"),
        reply_of(b"", "204 No Content"),
        reply_of(b"", "307 Temporary Redirect\r\nLocation: /elsewhere"),
        reply_of(b'{"result": "PAID", "reason": ""}')[:-1],
        reply_of(b'{"result": "PAID", "reason": "%s"}' % (b"x" * REPLY_BYTES_MAX)),
    ],
)
async def test_what_is_no_answer_is_never_taken_for_one(reply: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()

    async with strange_bank(talk) as url, HttpBank(url, SECONDS_MAX) as bank:
        with pytest.raises(NO_ANSWER):
            await bank.pay(payment())


async def test_a_reply_that_trickles_ends_with_the_time_out() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with strange_bank(talk) as url, HttpBank(url, 0.3) as bank, asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await bank.pay(payment())


async def test_a_long_reason_is_cut() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply_of(b'{"result": "REFUSED", "reason": "%s"}' % (b"x" * 1_000)))

    async with strange_bank(talk) as url, HttpBank(url, SECONDS_MAX) as bank:
        assert await bank.pay(payment()) == Answer(Result.REFUSED, "x" * 255)


async def test_the_path_and_the_password_of_the_url_are_kept() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(reply_of(b'{"result": "UNDERWAY"}'))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with HttpBank(f"http://ada:secret@127.0.0.1:{port}/api/v1", SECONDS_MAX) as bank:
            assert await bank.ask("a/b?c") == Answer(Result.UNDERWAY)
    (head,) = heads
    assert head.startswith(b"GET /api/v1/payments/a%2Fb%3Fc HTTP/1.1\r\n")
    assert re.search(rb"(?i)authorization: basic YWRhOnNlY3JldA==\r\n", head)
