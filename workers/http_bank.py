"""A bank that is reached over HTTP, by the protocol of docs/bank.md, which the simulated bank speaks as well."""

import asyncio
import ssl
from datetime import UTC
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import orjson

from runtime import tracing
from workers.bank import Answer, Payment, Result

# What a reply may be: two words, with room.
REPLY_BYTES_MAX = 16_384
REASON_CHARACTERS_MAX = 255


class NotAnAnswer(Exception):
    """The bank replied something else than an answer. Nothing is known of the payment."""


class HttpBank:
    """The bank at `url`, with one pool of connections for all calls; a context manager that closes it.

    Each call ends within `seconds_max`, the wait for one of the `connections_max` connections included. It raises
    TimeoutError, httpx.HTTPError or NotAnAnswer where there was no answer, and tries nothing twice.
    """

    def __init__(self, url: str, seconds_max: float, connections_max: int = 50) -> None:
        self._seconds_max = seconds_max
        self._client = httpx.AsyncClient(
            base_url=url,
            # Their sum is limited by `_call`.
            timeout=httpx.Timeout(seconds_max),
            limits=httpx.Limits(max_connections=connections_max, max_keepalive_connections=connections_max),
            # The system's authorities, as all other programs have them; and no proxy that the shell happens to name.
            verify=ssl.create_default_context(),
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def pay(self, payment: Payment) -> Answer:
        """PUT /payments/{reference}."""
        body = {
            "destination": payment.destination,
            "amount": payment.amount,
            "currency": payment.currency,
            "notAfter": payment.not_after.astimezone(UTC).isoformat(),
        }
        answer = await self._call("PUT", payment.reference, orjson.dumps(body))
        if answer.result is Result.NOT_KNOWN:
            raise NotAnAnswer("NOT_KNOWN is no result of a payment")
        return answer

    async def ask(self, reference: str) -> Answer:
        """GET /payments/{reference}."""
        return await self._call("GET", reference, None)

    async def _call(self, method: str, reference: str, content: bytes | None) -> Answer:
        headers = {"Accept-Encoding": "identity", **tracing.headers()}
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with (
            asyncio.timeout(self._seconds_max),
            self._client.stream(
                method, f"/payments/{quote(reference, safe='')}", content=content, headers=headers
            ) as reply,
        ):
            text = b""
            async for part in reply.aiter_raw():
                text += part
                if len(text) > REPLY_BYTES_MAX:
                    raise NotAnAnswer("the reply is too long")
        if reply.status_code != httpx.codes.OK:
            raise NotAnAnswer(f"the bank replied with status {reply.status_code}")
        return _answer(text)


def _answer(text: bytes) -> Answer:
    try:
        reply: Any = orjson.loads(text)
        result, reason = Result(reply["result"]), reply.get("reason", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotAnAnswer("the reply is not what this protocol has") from None
    if not isinstance(reason, str):
        raise NotAnAnswer("the reason is no text")
    return Answer(result, reason[:REASON_CHARACTERS_MAX])
