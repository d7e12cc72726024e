"""Which entries a window has, beneath the API: where some of them were archived."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from ledger.exports import PART_ROWS, Window
from ledger.service import Ledger
from tests.ledger.holders import open_holder

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)
# One entry every six hours.
STEP = timedelta(hours=6)


async def history(
    connection: asyncpg.Connection, wallet_id: UUID, count: int, archived: frozenset[int] = frozenset()
) -> None:
    """So many entries of 0, which need no other side, but for those that are archived."""
    await connection.execute(
        "UPDATE wallets SET sequence = $2, created_at = $3 WHERE id = $1", wallet_id, count, BEGAN
    )
    await connection.execute(
        """
        WITH kept AS (
            SELECT sequence, at, uuidv7(at - now()) AS id
            FROM generate_series(1, $2::int) AS sequence, LATERAL (
                SELECT $4::timestamptz + sequence * $5::interval AS at
            ) AS time
            WHERE sequence <> ALL ($3::int[])
        ), operation AS (
            INSERT INTO operations
                (id, kind, status, failure_code, account_id, summary, amount, currency, source_id, created_at)
            SELECT id, 'CHARGE', 'FAILED', 'INVALID', $1, sequence, 1, 'USD', $1, at FROM kept
        )
        INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
        SELECT $1, sequence, id, 0, 'USD', 0, at FROM kept
        """,
        *(wallet_id, count, list(archived), BEGAN, STEP),
    )


@pytest.mark.parametrize(
    ("archived", "rows"),
    [
        (set(), 100),
        ({1}, 99),
        ({*range(1, 41)}, 60),
        # The clocks of two processes differ: of neighbours at the border the later one is gone already.
        ({*range(1, 41), 42, 44}, 58),
        ({*range(1, 101)}, 0),
    ],
)
async def test_what_was_archived_is_not_counted(
    ledger: Ledger, connection: asyncpg.Connection, archived: set[int], rows: int
) -> None:
    wallet_id = (await open_holder(ledger)).wallet.wallet_id
    await history(connection, wallet_id, 100, frozenset(archived))
    window = await ledger.exports.window(wallet_id, None, None)
    assert window == Window(0, 100, rows)
    found = [entry.summary async for part in ledger.exports.parts(wallet_id, window) for entry in part]
    assert found == [str(number) for number in range(1, 101) if number not in archived]


async def test_a_window_in_the_middle_of_what_is_left(ledger: Ledger, connection: asyncpg.Connection) -> None:
    wallet_id = (await open_holder(ledger)).wallet.wallet_id
    await history(connection, wallet_id, 100, frozenset({*range(1, 41), 42, 44}))
    since, until = BEGAN + 43 * STEP, BEGAN + 61 * STEP
    assert await ledger.exports.window(wallet_id, since, until) == Window(42, 60, 17)
    assert await ledger.exports.window(wallet_id, BEGAN, since) == Window(40, 42, 1)
    assert await ledger.exports.window(wallet_id, until, since) == Window(60, 42, 0)


async def test_a_wallet_that_is_not_there_has_nothing(ledger: Ledger) -> None:
    assert await ledger.exports.window(uuid4(), None, None) == Window(0, 0, 0)


@pytest.mark.parametrize("count", [PART_ROWS - 1, PART_ROWS, PART_ROWS + 1, 3 * PART_ROWS])
async def test_parts_are_bounded_and_leave_nothing_out(
    ledger: Ledger, connection: asyncpg.Connection, count: int
) -> None:
    wallet_id = (await open_holder(ledger)).wallet.wallet_id
    await history(connection, wallet_id, count)
    window = await ledger.exports.window(wallet_id, None, None)
    parts = [part async for part in ledger.exports.parts(wallet_id, window)]
    assert max(map(len, parts)) <= PART_ROWS
    assert [entry.summary for part in parts for entry in part] == list(map(str, range(1, count + 1)))
    assert all(entry.is_out and entry.counterparty is None for part in parts for entry in part)
