"""Wallets as the writer holds them while it decides: the ledger's accounts, locked and in memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ledger.money import BIGINT_MAX

ACTIVE: Final = "ACTIVE"
FROZEN: Final = "FROZEN"
CLOSED: Final = "CLOSED"


@dataclass(slots=True)
class Wallet:
    """One locked row of `wallets`; all amounts in minor units of `currency`.

    `owner_id` and `token_secret` are None for the system's own wallets, which may go below zero. What is queued for
    the wallet is carried out by those who serve `lane`.
    """

    id: UUID
    owner_id: UUID | None
    token_secret: bytes | None
    currency: str
    status: str
    balance: int
    held: int
    pending: int
    sequence: int
    only_one: bool
    name: str | None = None
    country: str | None = None
    city: str | None = None
    created_at: datetime | None = None
    lane: int = 1

    @property
    def available(self) -> int:
        """What can be charged, sent or withdrawn right now."""
        return self.balance - self.held - self.pending

    def can_take(self, amount_minor: int) -> bool:
        """Whether the balance stays a bigint when that much is posted, in either direction."""
        return -BIGINT_MAX <= self.balance + amount_minor <= BIGINT_MAX


Wallets = Mapping[UUID, Wallet]
