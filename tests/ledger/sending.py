"""What a worker does to a withdrawal before the ledger hears what the bank said, in SQL."""

from uuid import UUID

import asyncpg

_COME_BACK = """
    WITH back AS (
        UPDATE withdrawals SET state = 'PENDING' WHERE operation_id = $1 AND state = 'SENT'
        RETURNING operation_id, attempts
    )
    UPDATE withdrawal_attempts a SET ended_at = clock_timestamp(), result = 'FAILED'
    FROM back WHERE a.operation_id = back.operation_id AND number = attempts
"""
_SEND = """
    WITH sent AS (
        UPDATE withdrawals SET state = 'SENT', attempts = attempts + 1, due_at = clock_timestamp() + interval '1 minute'
        WHERE operation_id = $1 RETURNING operation_id, attempts
    )
    INSERT INTO withdrawal_attempts (operation_id, number, started_at, not_after)
    SELECT operation_id, attempts, clock_timestamp(), clock_timestamp() + interval '30 seconds' FROM sent
"""
_TRY_LATER = (
    "UPDATE withdrawal_attempts SET ended_at = clock_timestamp(), result = 'FAILED' "
    "WHERE operation_id = $1 AND ended_at IS NULL",
    "UPDATE withdrawals SET state = 'PENDING', due_at = '2100-01-01Z' WHERE operation_id = $1",
)


async def send(connection: asyncpg.Connection | asyncpg.Pool, withdrawal_id: UUID) -> None:
    """Claims a withdrawal for the bank, as one more attempt; the one before, if there was one, has paid nothing."""
    await connection.execute(_COME_BACK, withdrawal_id)
    await connection.execute(_SEND, withdrawal_id)


async def try_later(connection: asyncpg.Connection, withdrawal_id: UUID) -> None:
    """The bank has certainly not paid at this attempt; the next one is far away."""
    for statement in _TRY_LATER:
        await connection.execute(statement, withdrawal_id)
