"""Proving the ledger from its tables: named checks, all on one snapshot, beside whatever the service is doing."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.money import decimal_text
from ledger.statements import load_statements
from runtime.current import current_connection

_SQL = load_statements("reconciliation.sql") | load_statements("reconciliation_later.sql")
# Not checks themselves: what they stand on.
_PARTS = ("figures", "openings", "archived")
CHECKS = tuple(name for name in _SQL if name not in _PARTS)
"""What is proved, in order. Each name says what is true where the check finds nothing."""

# Of one check: a hundred million entries are to be got through.
CHECK_SECONDS_MAX = 3600
# Of one check; how many more there are is told.
FAULTS_SHOWN_MAX = 20

_SESSION = {
    "application_name": "purser-reconcile",
    "statement_timeout": f"{CHECK_SECONDS_MAX}s",
    # Who makes a partition holds a lock that is waited for here.
    "lock_timeout": "30s",
    # Compiling so many statements takes longer than most of them run. Memory and workers are the server's own
    # settings: more of either gained little with one million entries and with five, and the service is at work.
    "jit": "off",
    "TimeZone": "UTC",
}

# The rows that are shown, with the number of all. What is not shown never leaves the server.
_FAULTS = """
    WITH openings AS ({openings}), archived AS ({archived})
    SELECT wallet_id, operation_id, entry, what, currency, expected::text, found::text, exponent,
           count(*) OVER () AS in_all
    FROM ({check}) AS fault LEFT JOIN currencies ON code = currency
    ORDER BY wallet_id, entry, operation_id, what LIMIT {limit}
"""


class Fault(NamedTuple):
    """What is wrong with `what`: amounts are decimals of `currency`; all else has no currency."""

    wallet_id: UUID | None
    operation_id: UUID | None
    entry: int | None
    what: str
    currency: str | None
    expected: str
    found: str


class Finding(NamedTuple):
    """What came of a check: the first of its faults, how many there are in all, and how long it took."""

    check: str
    faults: tuple[Fault, ...]
    fault_count: int
    seconds: float


class Figures(NamedTuple):
    """What was looked at: the rows of three tables as they were at `taken_at`."""

    taken_at: datetime
    wallets: int
    operations: int
    entries: int


class Reconciliation:
    """One snapshot of the ledger; made by `Reconciliation.open`. Raises asyncpg's errors and TimeoutError."""

    def __init__(self, connection: asyncpg.Connection, figures: Figures) -> None:
        self._connection = connection
        self.figures = figures

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncIterator["Reconciliation"]:
        """Takes the snapshot and holds it to the end of the block. Nobody waits for it, and nothing is written.

        Raises SchemaNotCurrent as well.
        """
        async with (
            current_connection(dsn, settings=_SESSION, statement_seconds_max=CHECK_SECONDS_MAX) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            # Before the first look: a month that is taken out afterwards would be in no table that is seen.
            await connection.execute("LOCK TABLE operations, entries IN ACCESS SHARE MODE")
            row = await connection.fetchrow(_SQL["figures"])
            assert row is not None
            yield cls(connection, Figures(*row))

    async def check(self, name: str) -> Finding:
        """Looks for faults by the check of that name."""
        started_at = time.monotonic()
        statement = _FAULTS.format(
            openings=_SQL["openings"], archived=_SQL["archived"], check=_SQL[name], limit=FAULTS_SHOWN_MAX
        )
        rows = await self._connection.fetch(statement)
        return Finding(
            name,
            tuple(map(_fault, rows)),
            rows[0]["in_all"] if rows else 0,
            time.monotonic() - started_at,
        )


def _fault(row: asyncpg.Record) -> Fault:
    fault = Fault(*(row[name] for name in Fault._fields))
    exponent = row["exponent"]
    if exponent is None:
        return fault
    return fault._replace(
        expected=_amount(fault.expected, exponent),
        found=_amount(fault.found, exponent),
    )


def _amount(text: str, exponent: int) -> str:
    # "not below zero" is expected of some amounts.
    return decimal_text(int(text), exponent) if text.lstrip("-").isdecimal() else text
