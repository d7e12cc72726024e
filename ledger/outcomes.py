"""What came of a command, as the ledger tells it to its callers."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.rejections import ErrorCode, Rejection


class Operation(NamedTuple):
    """One recorded operation. Amounts in minor units; see the table `operations` for the columns.

    `debited` and `credited` are None where nothing moved; they are in the currency of the source and of the target
    wallet. `rate` is units of the credited currency for one unit of the debited, None where nothing was converted.
    `origin_id` is the charge refunded, or the authorization captured or released. At `due_at` a deposit becomes
    available, or an authorization expires. What was accepted earlier than it was decided was so at `accepted_at`, and
    clients know it as `origin_id`. Read from the database, the fields come in the order of the columns that
    reads.sql names.
    """

    id: UUID
    kind: str
    status: str
    failure_code: ErrorCode | None
    account_id: UUID
    summary: str
    amount: int
    currency: str
    source_id: UUID | None
    target_id: UUID | None
    debited: int | None
    credited: int | None
    rate: str | None
    origin_id: UUID | None
    due_at: datetime | None
    accepted_at: datetime | None
    created_at: datetime
    source_currency: str | None
    target_currency: str | None

    @property
    def known_id(self) -> UUID:
        """The id that clients know it by."""
        return self.id if self.accepted_at is None or self.origin_id is None else self.origin_id


class WalletView(NamedTuple):
    """A wallet at one moment, with what its owner may know of it. Amounts in minor units of `currency`."""

    id: UUID
    owner_id: UUID
    token_secret: bytes
    name: str | None
    country: str | None
    city: str | None
    currency: str
    status: str
    balance: int
    held: int
    pending: int
    created_at: datetime

    @property
    def available(self) -> int:
        """What can be charged, sent or withdrawn right now."""
        return self.balance - self.held - self.pending


class Outcome(NamedTuple):
    """`operation` is None where nothing could be recorded; `wallet` is the caller's, as it stood right after."""

    operation: Operation | None
    wallet: WalletView | None
    rejection: Rejection | None
    replayed: bool = False


class Replay(NamedTuple):
    """The key was used before for the same request, and `rejection` is why that was refused, if it was.

    A refusal that could not be recorded has no operation of that id.
    """

    operation_id: UUID
    rejection: Rejection | None
