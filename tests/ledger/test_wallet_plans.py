"""Lists of wallets and the position read no more than they must, whoever their plans were made for."""

import asyncpg
import pytest

from ledger.reads import ID_MAX, ID_MIN
from ledger.statements import load_statements

OWNER = "00000000-0000-0000-0000-000000000777"
FILTER = "'{USD}', '{FROZEN}', 'purse'"
EVERY_ID = f"'{ID_MIN}', '{ID_MAX}'"


@pytest.fixture
async def crowded(connection: asyncpg.Connection) -> asyncpg.Connection:
    """Twenty thousand wallets, each with an authorization that is over; one of ten is open."""
    async with connection.transaction():
        await connection.execute(
            """
            INSERT INTO wallets (id, kind, owner_id, token_secret, currency, created_at)
            SELECT gen_random_uuid(), 'HOLDER', lpad(to_hex(n), 32, '0')::uuid, '', 'USD', now()
            FROM generate_series(1, 20000) AS n;
            INSERT INTO reservations
                (operation_id, kind, wallet_id, account_id, state, asked, remaining, debit, credit, ends_at)
            SELECT gen_random_uuid(), 'AUTHORIZATION', id, owner_id, CASE WHEN n % 10 = 0 THEN 'OPEN' ELSE 'ENDED' END,
                   1, 0, 1, 0, now()
            FROM (SELECT *, row_number() OVER () AS n FROM wallets) AS numbered;
            """
        )
    await connection.execute("ANALYZE wallets, reservations")
    return connection


@pytest.mark.parametrize("plan_for", ["force_generic_plan", "force_custom_plan"])
async def test_where_each_begins(crowded: asyncpg.Connection, plan_for: str) -> None:
    await crowded.execute(f"SET plan_cache_mode = {plan_for}")
    reads, position = load_statements("reads.sql"), load_statements("position.sql")
    for statement, arguments, places in (
        (reads["wallets"], f"({EVERY_ID}, NULL, NULL, NULL, 21)", ["wallets_pkey"]),
        (reads["wallets_of_owner"], f"({EVERY_ID}, {FILTER}, 21, '{OWNER}')", ["wallets_of_owner"]),
        (reads["count_wallets_of_owner"], f"({FILTER}, '{OWNER}')", ["wallets_of_owner"]),
        (position["position"], "", ["Seq Scan on wallets", "reservations_over"]),
    ):
        await crowded.execute(f"PREPARE asked AS {statement}")
        plan = "\n".join(row[0] for row in await crowded.fetch(f"EXPLAIN EXECUTE asked {arguments}"))
        await crowded.execute("DEALLOCATE asked")
        assert all(place in plan for place in places), plan
        assert "Seq Scan on reservations" not in plan, plan
