"""The simulated bank itself: it takes payments, lets them wait, decides and books them at one instant."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from workers.bank import Answer, Payment, Result
from workers.simulated_bank.behaviour import Behaviour, Fate, Outage, decide, draw_fate, outage_at
from workers.simulated_bank.books import Books, Known
from workers.simulated_bank.journal import Decision

log = logging.getLogger("purser.bank")


class Closing(Exception):
    """The bank closes: the payment was not decided, and never will be on this request."""


def utc_now() -> datetime:
    """The bank's clock."""
    return datetime.now(UTC)


class SimulatedBank:
    """One bank with its behaviour and its books."""

    def __init__(
        self, behaviour: Behaviour, seed: int, books: Books, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.books = books
        self.requests: Counter[str] = Counter()
        self._behaviour = behaviour
        self._seed = seed
        self._generator = Random(seed)  # noqa: S311 - luck, and no secret
        self._now = now
        self._opened_at = time.monotonic()
        self._closing = asyncio.Event()

    def outage(self) -> Outage | None:
        """The outage of the moment."""
        return outage_at(self._behaviour, self._seed, time.monotonic() - self._opened_at)

    def draw_fate(self) -> Fate:
        """The luck of the next request."""
        return draw_fate(self._behaviour, self._generator)

    async def pay(self, payment: Payment, fate: Fate) -> Answer:
        """What became of the payment. Raises OtherPayment, BooksFull, Closing, or OSError from the journal."""
        known = self.books.known(payment)
        is_settled = known.result in (Result.PAID, Result.REFUSED)
        if (is_settled or known.underway) and not fate.repeats:
            return known.answer
        known.underway += 1
        try:
            await self._wait(fate.latency_seconds)
            # No await from here on: whoever asks finds the payment under way, or decided and booked.
            return self._decide(payment, fate, known)
        finally:
            known.underway -= 1

    def ask(self, reference: str) -> Answer:
        """What is known of the reference."""
        return self.books.answer(reference)

    def close(self) -> None:
        """Ends the wait of all payments under way, undecided."""
        self._closing.set()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        raise Closing

    def _decide(self, payment: Payment, fate: Fate, known: Known) -> Answer:
        now = self._now()
        answer = decide(fate, is_late=now > payment.not_after, was_paid=known.result is Result.PAID)
        self.books.book(
            Decision(
                at=now.isoformat(),
                reference=payment.reference,
                destination=payment.destination,
                amount=payment.amount,
                currency=payment.currency,
                result=answer.result,
                reason=answer.reason,
            )
        )
        fields = {"reference": payment.reference, "result": answer.result, "reply": fate.reply.value}
        log.info("payment", extra={"fields": fields})
        return answer
