"""A withdrawal as a worker has it, and what follows from an answer of the bank: pure decisions.

Money leaves a wallet on the bank's word that it was paid, and is given back on its word that it was not and won't be.
No answer is neither.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from workers.bank import Answer, Result

# So much later than an attempt's last instant nobody's clock doubts that it has passed: the bank's may be slow.
MARGIN_SECONDS = 5.0

PAUSE_SECONDS_MIN = 1.0
PAUSE_SECONDS_MAX = 60.0
# More doublings are past the longest pause.
_DOUBLINGS_MAX = 6


class Claim(NamedTuple):
    """One withdrawal that this worker has. `amount_minor` in units of 10**-exponent; times are the database's.

    `is_new`: the bank is to be asked to pay, as attempt number `attempt`. Otherwise it is to be asked what came of that
    attempt, and of no other: those before it have certainly paid nothing.
    """

    operation_id: UUID
    account_id: UUID
    attempt: int
    destination: str
    amount_minor: int
    currency: str
    exponent: int
    is_new: bool
    started_at: datetime
    not_after: datetime
    claimed_at: datetime
    was_paid: bool = False

    @property
    def call(self) -> str:
        """What the bank is called for."""
        return "pay" if self.is_new else "ask"

    @property
    def lasted_seconds(self) -> float:
        """From the beginning of the attempt to this claim."""
        return (self.claimed_at - self.started_at).total_seconds()

    @property
    def over_in_seconds(self) -> float:
        """From this claim until the attempt can't be paid any more, by anybody's clock; 0 and less: it is over."""
        return (self.not_after - self.claimed_at).total_seconds() + MARGIN_SECONDS


class Next(StrEnum):
    """What is to be done with a withdrawal; as a text, what came of the attempt, for the log and the metrics."""

    SETTLE_AS_PAID = "paid"
    SETTLE_AS_NOT_PAID = "not_paid"
    PAY_AGAIN = "tried_again"
    ASK_AGAIN = "unknown"


def claim_seconds(call_seconds_max: float) -> float:
    """How long a claim lasts: when it lapses, what was sent under it is over."""
    return call_seconds_max + MARGIN_SECONDS


def conclude(claim: Claim, answer: Answer | None, attempts_max: int) -> Next:
    """What follows from the answer to the call that the claim was for; None where there was no answer."""
    result = None if answer is None else answer.result
    if result is Result.PAID:
        return Next.SETTLE_AS_PAID
    if result is Result.REFUSED:
        return Next.SETTLE_AS_NOT_PAID
    if not _paid_nothing(claim, result):
        return Next.ASK_AGAIN
    return Next.PAY_AGAIN if claim.attempt < attempts_max else Next.SETTLE_AS_NOT_PAID


def _paid_nothing(claim: Claim, result: Result | None) -> bool:
    if claim.is_new:
        return result is Result.FAILED
    # A request without an answer may still be on its way. What the bank says before that one is over may be about an
    # attempt before it, or about none.
    return result in (Result.FAILED, Result.NOT_KNOWN) and claim.over_in_seconds <= 0


def seconds_to_next_attempt(attempt: int) -> float:
    """The pause after that attempt, 1 for the first: 1 s, 2 s, 4 s … up to a minute."""
    return min(PAUSE_SECONDS_MIN * 2.0 ** min(attempt - 1, _DOUBLINGS_MAX), PAUSE_SECONDS_MAX)


def seconds_to_next_question(claim: Claim) -> float:
    """The pause before the bank is asked about the attempt: soon, then each time as long as it has lasted so far.

    A minute at most; and not past the moment at which the attempt is over, when any answer tells.
    """
    if claim.is_new:
        return PAUSE_SECONDS_MIN
    pause_seconds = min(max(claim.lasted_seconds, PAUSE_SECONDS_MIN), PAUSE_SECONDS_MAX)
    return min(pause_seconds, claim.over_in_seconds) if claim.over_in_seconds > 0 else pause_seconds
