"""Adapters that behave as no bank should, for PURSER_BANK: each a context manager that opens it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from runtime.settings import Settings
from workers.bank import Answer, Payment, Result
from workers.http_bank import HttpBank

LATE_SECONDS = 2.5
SECRET = "swordfish"


class _LateBank:
    """The bank at PURSER_BANK_URL, over a network that reports a failure and delivers the request later."""

    def __init__(self, bank: HttpBank) -> None:
        self._bank = bank
        self.on_their_way: set[asyncio.Task[None]] = set()

    async def pay(self, payment: Payment) -> Answer:
        self.on_their_way.add(asyncio.create_task(self._deliver(payment)))
        raise ConnectionResetError

    async def ask(self, reference: str) -> Answer:
        return await self._bank.ask(reference)

    async def _deliver(self, payment: Payment) -> None:
        await asyncio.sleep(LATE_SECONDS)
        await self._bank.pay(payment)


@asynccontextmanager
async def open_late_bank(settings: Settings) -> AsyncIterator[_LateBank]:
    assert settings.bank_url is not None
    async with HttpBank(settings.bank_url, settings.withdrawal_seconds_max) as bank:
        late = _LateBank(bank)
        yield late
        await asyncio.gather(*late.on_their_way)


_SAID: dict[str, Any] = {
    "mumbles": None,
    "lies": Answer("MAYBE"),  # type: ignore[arg-type]
    "denies": Answer(Result.NOT_KNOWN),
}
_RAISED: dict[str, type[BaseException]] = {
    "cancels": asyncio.CancelledError,
    "exits": SystemExit,
    "interrupts": KeyboardInterrupt,
}


class _RudeBank:
    """Says what it likes, by the destination."""

    async def pay(self, payment: Payment) -> Answer:
        if payment.destination in _RAISED:
            raise _RAISED[payment.destination]
        if payment.destination in _SAID:
            said: Answer = _SAID[payment.destination]
            return said
        match payment.destination:
            case "talks":
                return Answer(Result.REFUSED, "no\x00 \x1b[31m \ud800 \n" + "x" * 500)
            case "numbers":
                return Answer(Result.REFUSED, 7)  # type: ignore[arg-type]
            case "quotes":
                raise ValueError(f"{SECRET}: {payment}")
            case "blocks":
                await asyncio.to_thread(time.sleep, 3600)
            case "hangs":
                await asyncio.sleep(3600)
            case "clings":
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(60)
                return Answer(Result.PAID)
        return Answer(Result.PAID)

    async def ask(self, _: str) -> Answer:
        return Answer(Result.PAID)


@asynccontextmanager
async def open_rude_bank(settings: Settings) -> AsyncIterator[_RudeBank]:
    yield _RudeBank()


_openings = 0


@asynccontextmanager
async def open_shy_bank(settings: Settings) -> AsyncIterator[_RudeBank]:
    """Can't be opened the first time."""
    global _openings
    _openings += 1
    if _openings == 1:
        raise ConnectionRefusedError(SECRET)
    yield _RudeBank()
