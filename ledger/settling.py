"""Ending what is over in the tables: expired authorizations and matured deposits.

Nothing that anyone sees depends on it: every reader and the writer go by the clock.
"""

import logging
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from ledger.locking import LOCK_FREE_WALLETS
from ledger.statements import load_statements

log = logging.getLogger("purser.ledger")

SQL = load_statements("settling.sql")

# Reservations settled in one transaction.
CHUNK = 500


class Position(NamedTuple):
    """How far one has come among what is over: the last reservation that was looked at."""

    ends_at: datetime
    operation_id: UUID


START = Position(datetime.min.replace(tzinfo=UTC), UUID(int=0))


async def settle_some(connection: asyncpg.Connection, after: Position) -> Position | None:
    """Settles the next of what is over, in one short transaction; None where there is no more.

    What is in a wallet that somebody has locked is left to them, or to the next time.
    """
    due = await connection.fetch(SQL["due"], *after, CHUNK)
    if not due:
        return None
    async with connection.transaction():
        wallet_ids = list({row["wallet_id"] for row in due})
        # Who has one of them settles what is over in it.
        locked = {row["id"] for row in await connection.fetch(LOCK_FREE_WALLETS, wallet_ids)}
        await connection.execute(SQL["settle"], [row["operation_id"] for row in due], list(locked))
    if settled := sum(row["wallet_id"] in locked for row in due):
        log.info("reservations settled", extra={"fields": {"count": settled}})
    return None if len(due) < CHUNK else Position(due[-1]["ends_at"], due[-1]["operation_id"])
