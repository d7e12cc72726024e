"""GET /exports/{link}: a wallet's history as a file, written while it is read.

It comes in parts, in chunked transfer coding, and has a connection to the database for the time of each part alone.
What breaks off ends without the last chunk, so that no client takes it for the whole.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from auth.errors import LimitSpent, Unauthenticated
from auth.export_links import Export, ExportLinks
from auth.limits.rate_limits import RateLimits
from exports.formats import FORMATS, row_of
from exports.slots import Slots
from ledger.errors import Overloaded, Unavailable
from ledger.money import Currency
from ledger.service import Ledger
from runtime.http.exchange import Exchange, exchange_of
from schema.exports import ExportFormat
from schema.failures import RETRY_SECONDS, FailureCode, Refusal
from schema.ids import IdKind, write_id
from schema.requests.answers import limited, refused, send_answer
from schema.requests.negotiation import JSON

log = logging.getLogger("purser.exports")

# In each process. Were all of them reading at once, half of the pool would be left to the others.
DOWNLOADS_MAX = 4
DOWNLOADS_EACH_MAX = 2
# Who stands still is cut off much sooner, by runtime/http_protocol.py.
DOWNLOAD_SECONDS_MAX = 3600
RETRY_OVERLOADED_SECONDS = 10


class NotThere(Exception):
    """Some of the rows that the link promised are not there any more: they were archived meanwhile."""


class Downloads:
    """The ASGI application of the route. `find_parts` gives what it needs of the service, once that has started.

    A download counts for the address alone: a link that gets about must not spend its account's limit.
    """

    def __init__(self, find_parts: Callable[[], tuple[ExportLinks, Ledger]], limits: RateLimits) -> None:
        self._find_parts = find_parts
        self._limits = limits
        self._slots = Slots(DOWNLOADS_MAX, DOWNLOADS_EACH_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What goes wrong before the file has begun is an error in JSON, with its status."""
        exchange = exchange_of(scope)
        links, ledger = self._find_parts()
        is_head = scope["method"] == "HEAD"
        try:
            await self._limits.count_address(scope["client"][0] if scope.get("client") else "", 1, exchange)
            export = await links.read(scope["path_params"]["link"])
            exchange.account_id = export.account_id
            if is_head:
                await _send_head(export, send)
                await send({"type": "http.response.body"})
                return
            with self._slots.taken_by(export.account_id):
                async with aclosing(_pieces(export, ledger)) as pieces:
                    await _send_file(export, pieces, exchange, receive, send)
        except (LimitSpent, Unauthenticated, NotThere, Overloaded, Unavailable) as reason:
            answer = limited(reason) if isinstance(reason, LimitSpent) else refused(_refusal(reason))
            exchange.codes = answer.codes
            await send_answer(send, answer, JSON, with_body=not is_head)


async def _send_file(
    export: Export, pieces: AsyncGenerator[bytes], exchange: Exchange, receive: Receive, send: Send
) -> None:
    """Raises what `pieces` raises as long as nothing was sent; from then on the log has it, and the client a stump."""
    piece: bytes | None = await anext(pieces)
    await _send_head(export, send)
    gone = asyncio.create_task(_until_gone(receive))
    try:
        async with asyncio.timeout(DOWNLOAD_SECONDS_MAX):
            while piece is not None and not gone.done():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await anext(pieces, None)
        if gone.done():
            exchange.codes = ("CLIENT_GONE",)
        else:
            await send({"type": "http.response.body"})
    except (NotThere, TimeoutError, Unavailable) as reason:
        exchange.codes = ("BROKEN_OFF",)
        fields = {"request_id": exchange.request_id, "reason": type(reason).__name__}
        log.warning("export broken off", extra={"fields": fields})
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pieces(export: Export, ledger: Ledger) -> AsyncGenerator[bytes]:
    """The file, piece by piece, at least one. Raises Unavailable, and NotThere at the latest instead of the end."""
    currency = await _currency_of(export, ledger)
    written = FORMATS[ExportFormat(export.format)]
    head, row_count = written.head, 0
    async with aclosing(ledger.exports.parts(export.wallet_id, export.window)) as parts:
        async for entries in parts:
            yield head + written.rows(row_of(entry, currency) for entry in entries)
            head, row_count = b"", row_count + len(entries)
    if row_count != export.window.rows:
        raise NotThere
    yield head + written.end(row_count)


async def _currency_of(export: Export, ledger: Ledger) -> Currency:
    wallet = await ledger.reads.wallet(export.wallet_id)
    currency = None if wallet is None else ledger.currencies.get(wallet.currency)
    if currency is None:
        # It came a moment ago by way of another process.
        raise Unavailable(executed_unknown=False)
    return currency


async def _send_head(export: Export, send: Send) -> None:
    written = FORMATS[ExportFormat(export.format)]
    # When the link was made is what its entries go by.
    name = f"history-{write_id(IdKind.WALLET, export.wallet_id)}-{export.asked_at:%Y%m%dT%H%M%SZ}"
    headers = {
        "content-type": written.media_type,
        "content-disposition": f'attachment; filename="{name}.{written.extension}"',
        "purser-rows": str(export.window.rows),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": encoded})


def _refusal(reason: Exception) -> Refusal:
    if isinstance(reason, Overloaded):
        message = "Too many downloads are under way: try again."
        return Refusal(
            503, message, code=FailureCode.OVERLOADED, retry_after_seconds=RETRY_OVERLOADED_SECONDS
        )
    if isinstance(reason, Unavailable):
        message = "The service cannot reach its database: try again."
        return Refusal(503, message, code=FailureCode.UNAVAILABLE, retry_after_seconds=RETRY_SECONDS)
    message = "This link is not valid, or not any more: ask for a new one by exportHistory."
    return Refusal(403, message, code=FailureCode.FORBIDDEN)
