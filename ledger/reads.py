"""What is read back from the ledger, without a lock and without the writer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

import asyncpg
import orjson

from ledger.asking import asking
from ledger.earlier import Earlier, earlier
from ledger.long_reads import LongReads
from ledger.money import BIGINT_MAX
from ledger.outcomes import Operation, WalletView
from ledger.rejections import ErrorCode
from ledger.statements import load_statements
from ledger.views import (
    AttemptView,
    HistoryItem,
    ReservationView,
    ShareView,
    WalletReference,
    WithdrawalView,
)

_NEWEST_FIRST = load_statements("reads.sql")
_OLDEST_FIRST = {name: sql.replace(" DESC", " ASC") for name, sql in _NEWEST_FIRST.items()}

ID_MIN = UUID(int=0)
ID_MAX = UUID(int=2**128 - 1)
SEQUENCE_MAX = BIGINT_MAX

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which operations are wanted: all for which every condition holds; None is no condition.

    `since` <= time < `until`. `amount_min` and `amount_max`, both included, are in whole units of whatever currency
    the operation was asked for in. `counterparty_id` is the wallet on the other side. `text` stands in the summary,
    upper or lower case.
    """

    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    amount_min: Decimal | None = None
    amount_max: Decimal | None = None
    counterparty_id: UUID | None = None
    text: str | None = None

    @property
    def looks_through(self) -> bool:
        """Whether operations have to be looked at that are not wanted."""
        return self != Filter(self.since, self.until)


@dataclass(frozen=True, slots=True)
class WalletFilter:
    """Which wallets are wanted; None is all. `text` is a part of the name, in whatever case."""

    owner_id: UUID | None = None
    currencies: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Span(Generic[Key]):
    """The keys strictly between `low` and `high`; at most `limit` of them, from the end named by `descending`."""

    low: Key
    high: Key
    descending: bool
    limit: int
    wanted: Filter = field(default_factory=Filter)


class Reads:
    """Reads through a pool of connections. Everything here raises Unavailable when no answer comes in time."""

    def __init__(self, pool: asyncpg.Pool, long_reads: LongReads | None = None) -> None:
        self._pool = pool
        self._long_reads = long_reads or LongReads(pool)

    async def wallet(self, wallet_id: UUID) -> WalletView | None:
        """A holder's wallet, whoever it belongs to."""
        return (await self.wallets_by_id([wallet_id])).get(wallet_id)

    async def wallets_by_id(self, wallet_ids: Iterable[UUID]) -> dict[UUID, WalletView]:
        """Holders' wallets, whoever they belong to."""
        rows = await self._fetch(_NEWEST_FIRST["wallets_by_id"], list(wallet_ids))
        return {row["id"]: WalletView(*row) for row in rows}

    async def wallets(self, wanted: WalletFilter, span: Span[UUID]) -> list[WalletView]:
        """The wallets that are wanted by id: the order in which they were made."""
        arguments = (span.low, span.high, wanted.currencies, wanted.statuses, wanted.text, span.limit)
        statements = _directed(span)
        if wanted.owner_id is None:
            rows = await self._fetch(statements["wallets"], *arguments)
        else:
            rows = await self._fetch(statements["wallets_of_owner"], *arguments, wanted.owner_id)
        return [WalletView(*row) for row in rows]

    async def count_wallets(self, wanted: WalletFilter) -> int:
        """How many wallets are wanted."""
        arguments = (wanted.currencies, wanted.statuses, wanted.text)
        if wanted.owner_id is None:
            rows = await self._fetch(_NEWEST_FIRST["count_wallets"], *arguments)
        else:
            rows = await self._fetch(_NEWEST_FIRST["count_wallets_of_owner"], *arguments, wanted.owner_id)
        return int(rows[0][0])

    async def only_wallet(self, owner_id: UUID) -> UUID | None:
        """The owner's wallet when there is exactly one open."""
        rows = await self._fetch(_NEWEST_FIRST["only_wallet"], owner_id)
        return rows[0]["id"] if rows else None

    async def wallet_references(self, wallet_ids: Iterable[UUID]) -> dict[UUID, WalletReference]:
        """How these wallets look to others, by id."""
        rows = await self._fetch(_NEWEST_FIRST["wallet_references"], list(wallet_ids))
        return {row["id"]: WalletReference(*row) for row in rows}

    async def operation(self, operation_id: UUID) -> tuple[Operation, frozenset[UUID]] | None:
        """An operation with the accounts that may see it: who asked, who paid, who was paid, who got a part."""
        return (await self.operations_by_id([operation_id])).get(operation_id)

    async def operations_by_id(
        self, operation_ids: Iterable[UUID]
    ) -> dict[UUID, tuple[Operation, frozenset[UUID]]]:
        """Operations, each with the accounts that may see it; what was queued by the id under which it was accepted."""
        rows = await self._fetch(_NEWEST_FIRST["operations_by_id"], list(operation_ids))
        found = {row["id"]: (_operation(row), _parties(row)) for row in rows}
        known = {operation.known_id: (operation, parties) for operation, parties in found.values()}
        return known | found

    async def never_archived(self, operation_ids: Iterable[UUID]) -> list[UUID]:
        """Those of the operations that would still be there, if they ever were: they are in no archive."""
        rows = await self._fetch(_NEWEST_FIRST["never_archived"], list(operation_ids))
        return [row["id"] for row in rows]

    async def earlier(self, operation_id: UUID, account_id: UUID) -> Earlier | None:
        """An operation for a command that goes back to it; None where it is none of the account's."""
        found = await self.operation(operation_id)
        if found is None or account_id not in found[1]:
            return None
        operation, parties = found
        shares = (await self.shares([operation.id])).get(operation.id, ())
        return earlier(operation, parties, [(share.wallet_id, share.moved) for share in shares])

    async def shares(self, operation_ids: Iterable[UUID]) -> dict[UUID, tuple[ShareView, ...]]:
        """The shares of charges that were split or refunded, by number; others are not in the answer."""
        rows = await self._fetch(_NEWEST_FIRST["shares"], list(operation_ids))
        found: dict[UUID, tuple[ShareView, ...]] = {}
        for operation_id, *share in rows:
            found[operation_id] = (*found.get(operation_id, ()), ShareView(*share))
        return found

    async def reservations(self, operation_ids: Iterable[UUID]) -> dict[UUID, ReservationView]:
        """What these operations set aside, as it stands now."""
        rows = await self._fetch(_NEWEST_FIRST["reservations"], list(operation_ids))
        return {operation_id: ReservationView(*reservation) for operation_id, *reservation in rows}

    async def reserved(
        self,
        span: Span[UUID],
        *,
        kind: str,
        wallet_id: UUID | None = None,
        account_id: UUID | None = None,
        states: Sequence[str] | None = None,
    ) -> list[Operation]:
        """Operations that set something aside, by id: in one wallet, by one account's wish, or all."""
        rows = await self._fetch(
            _directed(span)["reserved"], kind, wallet_id, account_id, states, span.low, span.high, span.limit
        )
        return [_operation(row) for row in rows]

    async def withdrawals(self, operation_ids: Iterable[UUID]) -> dict[UUID, WithdrawalView]:
        """How far these withdrawals have come; one that was refused at once is not in the answer."""
        rows = await self._fetch(_NEWEST_FIRST["withdrawals"], list(operation_ids))
        return {
            row["operation_id"]: WithdrawalView(row["state"], row["destination"], _attempts(row["attempts"]))
            for row in rows
        }

    async def withdrawn(
        self, span: Span[UUID], *, account_id: UUID | None, states: Sequence[str] | None
    ) -> list[Operation]:
        """The withdrawals that an account asked for, or everyone's, by id."""
        statements, arguments = _directed(span), (states, span.low, span.high, span.limit)
        if account_id is None:
            rows = await self._fetch(statements["withdrawn"], *arguments)
        else:
            rows = await self._fetch(statements["withdrawn_by"], *arguments, account_id)
        return [_operation(row) for row in rows]

    async def history(self, wallet_id: UUID, span: Span[int]) -> list[HistoryItem]:
        """A wallet's entries by sequence."""
        fetch = self._long_reads.fetch if span.wanted.looks_through else self._fetch
        rows = await fetch(
            _directed(span)["history"], wallet_id, span.low, span.high, *_arguments(span.wanted), span.limit
        )
        return [
            HistoryItem(_operation(row), row["sequence"], row["change"], row["balance_after"]) for row in rows
        ]

    async def count_history(self, wallet_id: UUID, span: Span[int]) -> int:
        """How many of a wallet's entries are in the span, however many its limit is."""
        arguments = (wallet_id, span.low, span.high, *_arguments(span.wanted))
        rows = await self._long_reads.fetch(_NEWEST_FIRST["count_history"], *arguments)
        return int(rows[0][0])

    async def operations(self, owner_id: UUID | None, span: Span[UUID]) -> list[Operation]:
        """The operations of all of an owner's wallets by id, or of everyone's."""
        wallet_ids = None
        if owner_id is not None:
            rows = await self._fetch("SELECT id FROM wallets WHERE owner_id = $1", owner_id)
            wallet_ids = [row["id"] for row in rows]
        fetch = self._long_reads.fetch if span.wanted.looks_through else self._fetch
        rows = await fetch(
            _directed(span)["operations"],
            wallet_ids,
            span.low,
            span.high,
            *_arguments(span.wanted),
            span.limit,
        )
        return [_operation(row) for row in rows]

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        async with asking():
            return await self._pool.fetch(statement, *arguments)


def _directed(span: Span[Key]) -> dict[str, str]:
    return _NEWEST_FIRST if span.descending else _OLDEST_FIRST


def _arguments(wanted: Filter) -> tuple[object, ...]:
    return (
        wanted.kinds,
        wanted.statuses,
        wanted.since,
        wanted.until,
        wanted.amount_min,
        wanted.amount_max,
        wanted.counterparty_id,
        wanted.text,
    )


def _operation(row: asyncpg.Record) -> Operation:
    fields = list(row)[: len(Operation._fields)]
    fields[3] = None if fields[3] is None else ErrorCode(fields[3])
    return Operation(*fields)


def _attempts(written: str) -> tuple[AttemptView, ...]:
    return tuple(
        AttemptView(
            number,
            datetime.fromisoformat(started_at),
            None if ended_at is None else datetime.fromisoformat(ended_at),
            result,
        )
        for number, started_at, ended_at, result in orjson.loads(written)
    )


def _parties(row: asyncpg.Record) -> frozenset[UUID]:
    own = (row["account_id"], row["source_owner_id"], row["target_owner_id"], *(row["share_owner_ids"] or ()))
    return frozenset(account_id for account_id in own if account_id is not None)
