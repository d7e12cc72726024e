"""The simulated bank's books: what it knows of each reference, and every payment that it made."""

from dataclasses import dataclass

from workers.bank import Answer, Payment, Result
from workers.simulated_bank.journal import Decision, Journal

# What is kept in memory, some 100 MB of it: past this many references or payments, new ones are turned away.
RECORDS_MAX = 200_000


class BooksFull(Exception):
    """There is no room for another payment."""


class OtherPayment(Exception):
    """The reference is that of a payment with another destination, amount or currency."""


@dataclass(slots=True)
class Known:
    """What is known of one reference. No result: nothing was decided yet."""

    particulars: tuple[str, str, str]
    result: Result | None = None
    reason: str = ""
    underway: int = 0

    @property
    def answer(self) -> Answer:
        """What the bank says when it is asked."""
        if self.underway and self.result is not Result.PAID:
            return Answer(Result.UNDERWAY)
        return Answer(Result.NOT_KNOWN if self.result is None else self.result, self.reason)


class Books:
    """In memory, and in a journal where one is given."""

    def __init__(self, journal: Journal | None = None) -> None:
        """Raises JournalError where the journal can't be read."""
        self.payments: list[Decision] = []
        self._known: dict[str, Known] = {}
        self._journal = journal
        for decision in journal.read() if journal is not None else ():
            self._remember(decision)

    def answer(self, reference: str) -> Answer:
        """What is known of the reference."""
        known = self._known.get(reference)
        return Answer(Result.NOT_KNOWN) if known is None else known.answer

    def known(self, payment: Payment) -> Known:
        """What is known of the payment's reference, from now on at least what it is for.

        Raises OtherPayment, or BooksFull.
        """
        particulars = (payment.destination, payment.amount, payment.currency)
        known = self._known.get(payment.reference)
        if known is not None and known.particulars != particulars:
            raise OtherPayment
        if known is None:
            if max(len(self._known), len(self.payments)) >= RECORDS_MAX:
                raise BooksFull
            known = self._known[payment.reference] = Known(particulars)
        return known

    def book(self, decision: Decision) -> None:
        """Writes a decision. Raises OSError where the journal takes no more; then nothing was decided."""
        if self._journal is not None:
            self._journal.append(decision)
        self._remember(decision)

    def _remember(self, decision: Decision) -> None:
        particulars = (decision.destination, decision.amount, decision.currency)
        known = self._known.setdefault(decision.reference, Known(particulars))
        # What was paid stays paid, and what was refused for good stays so unless it was paid all the same.
        if known.result in (None, Result.FAILED) or decision.result is Result.PAID:
            known.result, known.reason = decision.result, decision.reason
        if decision.result is Result.PAID:
            self.payments.append(decision)
