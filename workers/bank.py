"""The bank as a worker sees it: what an adapter has to offer, and the values that go through it.

An adapter is any object with the two methods of `Bank`; docs/bank.md has one in ten lines.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Result(StrEnum):
    """What the bank says became of a payment."""

    PAID = "PAID"
    """The money left, or will without anybody's doing. This is for ever."""

    FAILED = "FAILED"
    """The request paid nothing and never will; the same payment may be asked for again."""

    REFUSED = "REFUSED"
    """The bank will never make this payment: there is no such account, say."""

    UNDERWAY = "UNDERWAY"
    """The bank has the request and has not decided yet: ask again later."""

    NOT_KNOWN = "NOT_KNOWN"
    """The bank has never had a request of this reference. Only `Bank.ask` says so."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment to the outside.

    reference    its name at the bank: up to 64 of A-Z, a-z, 0-9 and "-"; the same in each attempt at one withdrawal
    destination  where the money goes, in the words of the bank (an IBAN, say): up to 140 characters
    amount       decimal text above zero with exactly the currency's decimals, such as "12.50"
    currency     its code, such as "EUR"
    not_after    an instant with a time zone: later than that the bank must not pay on this request any more
    """

    reference: str
    destination: str
    amount: str
    currency: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bank says of a payment, and why, in a short word of its own such as UNKNOWN_ACCOUNT."""

    result: Result
    reason: str = ""


class Bank(Protocol):
    """A bank's adapter. Many calls run at once, each in a task that may be cancelled at its time-out.

    Whatever either method raises means "no answer", and nothing is concluded from it: the request may be lost, on its
    way, under way, or done. So an adapter raises where it is not sure, and never tries again by itself.
    """

    async def pay(self, payment: Payment) -> Answer:
        """Asks for the payment once, and says what became of this request: anything but NOT_KNOWN.

        A bank that has paid this reference before says PAID and pays nothing.
        """
        ...

    async def ask(self, reference: str) -> Answer:
        """What became of the requests of this reference that the bank has had so far.

        PAID and REFUSED are conclusive at once. FAILED and NOT_KNOWN are so only when `not_after` of the last request
        has passed at the bank: before that a request without an answer may still arrive, and be paid.
        """
        ...
