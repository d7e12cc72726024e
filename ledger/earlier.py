"""An operation that a command goes back to."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.outcomes import Operation


class Earlier(NamedTuple):
    """An operation that a command goes back to, as the caller looked it up: final, so it never changes.

    Amounts in minor units, `amount_minor` of `currency`, the others of the two wallets' currencies. `parties` are
    the accounts that may know of it; `share_wallet_ids` the wallets of a charge that was split or refunded;
    `most_minor` is no less than what it moved in any currency; `origin_id` the operation that it goes back to itself.
    A withdrawal's is looked up while it is under way: of it nothing but `status` changes.
    """

    id: UUID
    kind: str
    status: str
    account_id: UUID
    source_id: UUID | None
    target_id: UUID | None
    amount_minor: int
    currency: str
    debited_minor: int | None
    credited_minor: int | None
    rate: str | None
    parties: frozenset[UUID]
    share_wallet_ids: tuple[UUID, ...]
    most_minor: int
    origin_id: UUID | None = None
    summary: str = ""
    created_at: datetime | None = None

    def wallet_ids(self) -> Iterator[UUID]:
        """The wallets that it moved money between; some may come twice."""
        if self.source_id is not None:
            yield self.source_id
        if self.target_id is not None:
            yield self.target_id
        yield from self.share_wallet_ids


def earlier(operation: Operation, parties: frozenset[UUID], shares: Collection[tuple[UUID, int]]) -> Earlier:
    """The operation, to go back to it. `shares`: the wallets that had a share in it, and what each gave or got."""
    moved_minor = (
        operation.amount,
        operation.debited or 0,
        operation.credited or 0,
        sum(share_minor for _, share_minor in shares),
    )
    return Earlier(
        operation.id,
        operation.kind,
        operation.status,
        operation.account_id,
        operation.source_id,
        operation.target_id,
        operation.amount,
        operation.currency,
        operation.debited,
        operation.credited,
        operation.rate,
        parties,
        tuple(wallet_id for wallet_id, _ in shares),
        max(moved_minor),
        operation.origin_id,
        operation.summary,
        operation.created_at,
    )
