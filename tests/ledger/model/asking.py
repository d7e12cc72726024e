"""What the model is asked, and what it expects."""

from dataclasses import dataclass
from typing import Literal

from ledger.rejections import ErrorCode

Kind = Literal[
    "DEPOSIT", "CHARGE", "TRANSFER", "REFUND", "AUTHORIZATION", "CAPTURE", "RELEASE", "WITHDRAWAL", "CANCEL"
]


@dataclass(frozen=True, slots=True)
class Part:
    """A split: for the wallet of that number, None where the token opens nothing."""

    wallet: int | None
    token: object
    amount: str | None
    percentage: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of `account`. A wallet is None where its name stands for nothing; its `…_token` is how it was named:

    two names of nothing are still two different requests. `earlier` is the number of a recorded operation. `is_later`:
    with an `availableAt` that has not come. `is_queued`: to be carried out in its turn.
    """

    kind: Kind
    account: int
    amount: str | None = None
    wallet: int | None = None
    wallet_token: object = None
    currency: str | None = None
    converts: bool = True
    into: int | None = None
    into_token: object = None
    usual: int | None = None
    to: int | None = None
    to_token: object = None
    splits: tuple[Part, ...] = ()
    earlier: int | None = None
    earlier_id: object = None
    is_final: bool = True
    is_later: bool = False
    is_queued: bool = False
    key: str | None = None
    summary: str = ""

    @property
    def request(self) -> tuple[object, ...]:
        """What two requests with one key must have in common; how the usual wallet was found is no part of it."""
        return (
            *(
                self.kind,
                self.wallet_token,
                _value(self.amount),
                self.currency,
                self.converts,
                self.into_token,
            ),
            *(self.to_token, self.earlier_id, self.is_final, self.is_later, self.is_queued, self.summary),
            *((part.token, _value(part.amount), _value(part.percentage)) for part in self.splits),
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The caller's wallet in an answer."""

    wallet: int
    balance: int
    held: int
    pending: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What an account is to be answered. `operation` is the number of what was recorded, None where nothing was."""

    code: ErrorCode | None
    operation: int | None
    shown: Shown | None
    replayed_request: int | None = None


def _value(amount: str | None) -> str | None:
    if amount is None:
        return None
    value = amount.lstrip("0")
    return value.rstrip("0").rstrip(".") if "." in value else value
