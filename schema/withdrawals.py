"""Withdrawals: how far money has come on its way to a bank account."""

from enum import StrEnum
from typing import Annotated

import strawberry

from ledger.views import WithdrawalView
from schema.enums import describe_enum
from schema.scalars import DateTime


class WithdrawalState(StrEnum):
    """The states of withdrawals."""

    PENDING = "PENDING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


describe_enum(
    WithdrawalState,
    "How far a withdrawal has come. The money is held until it is SUCCEEDED, FAILED or CANCELLED.",
    {
        WithdrawalState.PENDING: "Waits for a worker, or for the next attempt. It can be called back.",
        WithdrawalState.SENT: "The bank is being asked to pay.",
        WithdrawalState.UNKNOWN: (
            "The bank did not answer, or has not decided. It is asked what became of the payment until it says so: "
            "nothing is paid again, and nothing given back, on a guess."
        ),
        WithdrawalState.SUCCEEDED: "The bank paid; the money has left the wallet.",
        WithdrawalState.FAILED: "The bank did not pay; the money is available again.",
        WithdrawalState.CANCELLED: "Called back in time; the money is available again.",
    },
)

WithdrawalStatesArgument = Annotated[
    list[WithdrawalState] | None, strawberry.argument(description="Only those in one of these states.")
]


@strawberry.type(description="One time that the bank was asked to pay.")
class WithdrawalAttempt:
    """A row of the table of attempts."""

    number: int = strawberry.field(description="1, 2, 3 … for each withdrawal.")
    started_at: DateTime = strawberry.field(description="When the bank was asked.")
    ended_at: DateTime | None = strawberry.field(
        description="When it was known what came of it; null until then."
    )
    result: str | None = strawberry.field(
        description="What the bank said, such as `PAID`, or that it did not answer; null while it is being asked."
    )


@strawberry.type(description="How far a withdrawal has come.")
class Withdrawal:
    """A row of the table of withdrawals."""

    state: WithdrawalState = strawberry.field(description="How far it has come.")
    destination: str = strawberry.field(description="The bank account as the bank knows it.")
    attempts: list[WithdrawalAttempt] = strawberry.field(
        description="Each time that the bank was asked to pay, or may have been, the first one first."
    )


def withdrawal(view: WithdrawalView) -> Withdrawal:
    """A withdrawal as its owner and administrators see it."""
    return Withdrawal(
        state=WithdrawalState(view.state),
        destination=view.destination,
        attempts=[
            WithdrawalAttempt(
                number=attempt.number,
                started_at=DateTime(attempt.started_at),
                ended_at=None if attempt.ended_at is None else DateTime(attempt.ended_at),
                result=attempt.result,
            )
            for attempt in view.attempts
        ],
    )
