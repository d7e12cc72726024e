"""What is read back from the ledger, as it stands when it is read."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.outcomes import Operation


class WalletReference(NamedTuple):
    """A wallet as others see it: `owner_name` is the company's name, or the client's first name and initial."""

    id: UUID
    owner_id: UUID | None
    token_secret: bytes | None
    owner_name: str
    token_rotated_at: datetime | None


class ShareView(NamedTuple):
    """Who gave (number 0) or got what in a charge. Minor units: `amount` and `refunded` of the charge's currency."""

    number: int
    wallet_id: UUID
    owner_id: UUID
    currency: str
    amount: int
    moved: int
    refunded: int
    returned: int


class ReservationView(NamedTuple):
    """What an operation set aside. Minor units: `asked` and `captured` of its currency, `remaining` of the wallet's."""

    kind: str
    state: str
    asked: int
    captured: int
    remaining: int
    ends_at: datetime


class AttemptView(NamedTuple):
    """One time that the bank was asked to pay; `result` and `ended_at` are None while it has not answered."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    result: str | None


class WithdrawalView(NamedTuple):
    """How far a withdrawal has come."""

    state: str
    destination: str
    attempts: tuple[AttemptView, ...]


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An operation as one wallet saw it; `change` and `balance_after` in minor units of the wallet's currency."""

    operation: Operation
    sequence: int
    change: int
    balance_after: int
