"""What is read back from the ledger, without a lock and without the writer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg

from ledger.asking import asking
from ledger.money import BIGINT_MAX
from ledger.outcomes import Operation, WalletView
from ledger.rejections import ErrorCode
from ledger.statements import load_statements

_NEWEST_FIRST = load_statements("reads.sql")
_OLDEST_FIRST = {name: sql.replace(" DESC", " ASC") for name, sql in _NEWEST_FIRST.items()}

ID_MIN = UUID(int=0)
ID_MAX = UUID(int=2**128 - 1)
SEQUENCE_MAX = BIGINT_MAX

Key = TypeVar("Key")


class WalletReference(NamedTuple):
    """A wallet as others see it: `owner_name` is the company's name, or the client's first name and initial."""

    id: UUID
    owner_id: UUID | None
    token_secret: bytes | None
    owner_name: str


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """An operation as one wallet saw it; `change` and `balance_after` in minor units of the wallet's currency."""

    operation: Operation
    sequence: int
    change: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which operations are wanted: `since` <= time < `until`, of these kinds and statuses; None is all."""

    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[str] | None = None
    statuses: Sequence[str] | None = None


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

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def wallet(self, wallet_id: UUID) -> WalletView | None:
        """A holder's wallet, whoever it belongs to."""
        rows = await self._fetch(_NEWEST_FIRST["wallet"], wallet_id)
        return WalletView(*rows[0]) if rows else None

    async def wallets(self, owner_id: UUID | None, span: Span[UUID]) -> list[WalletView]:
        """Wallets of one owner, or of all, by id: the order in which they were made."""
        rows = await self._fetch(_directed(span)["wallets"], owner_id, span.low, span.high, span.limit)
        return [WalletView(*row) for row in rows]

    async def count_wallets(self, owner_id: UUID | None) -> int:
        """How many wallets one owner has, or all."""
        rows = await self._fetch(_NEWEST_FIRST["count_wallets"], owner_id)
        return int(rows[0][0])

    async def only_wallet(self, owner_id: UUID) -> UUID | None:
        """The owner's wallet when there is exactly one open."""
        rows = await self._fetch(_NEWEST_FIRST["only_wallet"], owner_id)
        return rows[0]["id"] if rows else None

    async def wallet_references(self, wallet_ids: Iterable[UUID]) -> dict[UUID, WalletReference]:
        """How these wallets look to others, by id."""
        rows = await self._fetch(_NEWEST_FIRST["wallet_references"], list(wallet_ids))
        return {row["id"]: WalletReference(*row) for row in rows}

    async def operation(self, operation_id: UUID) -> tuple[Operation, set[UUID]] | None:
        """An operation with the accounts that may see it: who asked, who paid, who was paid."""
        rows = await self._fetch(_NEWEST_FIRST["operation"], operation_id)
        if not rows:
            return None
        (row,) = rows
        operation = _operation(row)
        parties = {operation.account_id, row["source_owner_id"], row["target_owner_id"]} - {None}
        return operation, parties

    async def history(self, wallet_id: UUID, span: Span[int]) -> list[HistoryItem]:
        """A wallet's entries by sequence."""
        rows = await self._fetch(
            _directed(span)["history"], wallet_id, span.low, span.high, *_arguments(span.wanted), span.limit
        )
        return [
            HistoryItem(_operation(row), row["sequence"], row["change"], row["balance_after"]) for row in rows
        ]

    async def operations(self, owner_id: UUID | None, span: Span[UUID]) -> list[Operation]:
        """The operations of all of an owner's wallets by id, or of everyone's."""
        wallet_ids = None
        if owner_id is not None:
            rows = await self._fetch("SELECT id FROM wallets WHERE owner_id = $1", owner_id)
            wallet_ids = [row["id"] for row in rows]
        rows = await self._fetch(
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
    return wanted.kinds, wanted.statuses, wanted.since, wanted.until


def _operation(row: asyncpg.Record) -> Operation:
    fields = list(row)[:15]
    fields[3] = None if fields[3] is None else ErrorCode(fields[3])
    return Operation(*fields)
