"""However much waits and however long ago it was: withdrawals and the queue are read where they stand."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
import pytest

from bench.years import load_years
from ledger.reads import ID_MAX, ID_MIN
from ledger.statements import load_statements

OPERATIONS, QUEUED, LANES = 20_000, 50_000, 5
# One of two hundred.
ACCOUNT = "00000000-0000-0000-0000-000000000007"
_LATER = """
    SET session_replication_role = replica;
    INSERT INTO wallets (id, kind, owner_id, token_secret, currency, created_at)
    SELECT gen_random_uuid(), 'HOLDER', gen_random_uuid(), '', 'USD', now() FROM generate_series(1, 20000);
    INSERT INTO withdrawals (operation_id, wallet_id, account_id, destination, state, attempts, due_at)
    SELECT id, coalesce(source_id, target_id), lpad((number % 200)::text, 32, '0')::uuid, 'NL91',
           CASE WHEN number % 10 = 0 THEN 'PENDING' ELSE 'SUCCEEDED' END, 1, CASE WHEN number % 10 = 0 THEN now() END
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM operations) AS numbered;
    INSERT INTO withdrawal_attempts (operation_id, number, started_at, not_after)
    SELECT operation_id, 1, now(), now() FROM withdrawals;
    UPDATE operations SET accepted_at = created_at, origin_id = gen_random_uuid() WHERE right(id::text, 1) = '7';
    INSERT INTO queued_operations
        (id, lane, wallet_id, kind, account_id, summary, amount, currency, command, accepted_at)
    SELECT gen_random_uuid(), number % 5 + 1, gen_random_uuid(), 'DEPOSIT', gen_random_uuid(), '', 1, 'USD', '{}', now()
    FROM generate_series(1, 50000) AS number;
    SET session_replication_role = origin;
"""
READS, QUEUE, HOT = map(load_statements, ("reads.sql", "queue.sql", "statements.sql"))


@pytest.fixture(scope="module")
async def busy(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Two years of operations, each taken for a withdrawal's as well, and a long queue."""
    await load_years(dsn, OPERATIONS, datetime.now(UTC))
    connection = await asyncpg.connect(dsn)
    await connection.execute(_LATER)
    await connection.execute("VACUUM (ANALYZE)")
    yield connection
    await connection.close()


async def ids(busy: asyncpg.Connection, query: str) -> str:
    """What the query finds, as an argument."""
    found = [str(row[0]) for row in await busy.fetch(query)]
    return "'{" + ",".join(found) + "}'"


async def plan(busy: asyncpg.Connection, statement: str, arguments: str) -> list[dict[str, Any]]:
    """The steps that were done, not only planned."""
    await busy.execute(f"PREPARE asked AS {statement}")
    given = f"({arguments})" if arguments else ""
    explained = await busy.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked {given}")
    await busy.execute("DEALLOCATE asked")
    return [node for node in _nodes(orjson.loads(explained)[0]["Plan"]) if node["Actual Loops"]]


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(found for below in node.get("Plans", ()) for found in _nodes(below))]


def rows_seen(nodes: list[dict[str, Any]]) -> int:
    """Of tables, kept or not."""
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes
        if "Relation Name" in node
    )


PAGE = f"NULL, '{ID_MIN}', '{ID_MAX}', 21"
OPEN = f"ARRAY['PENDING'], '{ID_MIN}', '{ID_MAX}', 21"
# Each statement, its arguments, the index that it begins with, and how many rows of tables it may look at.
ASKED: dict[str, tuple[str, str, str, int]] = {
    "one's own": (READS["withdrawn_by"], f"{PAGE}, '{ACCOUNT}'", "withdrawals_of_account", 100),
    "one's own that are open": (READS["withdrawn_by"], f"{OPEN}, '{ACCOUNT}'", "withdrawals_of_account", 200),
    "of who has none": (READS["withdrawn_by"], f"{PAGE}, '{ID_MAX}'", "withdrawals_of_account", 0),
    "everyone's": (READS["withdrawn"], PAGE, "withdrawals_pkey", 100),
    "with their attempts": (READS["withdrawals"], "{operations}", "withdrawal_attempts_pkey", 6),
    "an operation": (READS["operations_by_id"], "{operations}", "wallets_pkey", 20),
    "what was carried out": (
        READS["operations_by_id"],
        "{carried_out}",
        "operations_[0-9]+_origin_id_idx",
        20,
    ),
    "what waits": (READS["operations_by_id"], "{queued}", "queued_operations_pkey", 20),
    "the first of a lane": (
        QUEUE["first_of_lane"],
        "3, 100, ARRAY[]::uuid[]",
        "queued_operations_of_lane",
        100,
    ),
    "the lanes": (QUEUE["lanes"], "", "queued_operations_of_lane", LANES),
    "whether it still waits": (HOT["still_queued"], "{queued}", "queued_operations_pkey", 3),
    "whether it was committed": (HOT["committed_operations"], "{queued}", "queued_operations_pkey", 3),
    "to settle it": (HOT["lock_withdrawals"], "{operations}", "withdrawals_pkey", 3),
}


@pytest.mark.parametrize("plan_for", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("asked", ASKED)
async def test_no_more_is_looked_at_than_is_wanted(
    busy: asyncpg.Connection, asked: str, plan_for: str
) -> None:
    statement, arguments, index, rows_max = ASKED[asked]
    await busy.execute(f"SET plan_cache_mode = {plan_for}")
    known = {
        "operations": await ids(busy, "SELECT id FROM operations ORDER BY id DESC LIMIT 3"),
        "carried_out": await ids(
            busy, "SELECT origin_id FROM operations WHERE accepted_at IS NOT NULL LIMIT 3"
        ),
        "queued": await ids(busy, "SELECT id FROM queued_operations LIMIT 3"),
    }
    nodes = await plan(busy, statement, arguments.format(**known))
    begins = {node["Index Name"] for node in nodes if "Index Name" in node}
    assert any(re.fullmatch(index, name) for name in begins), begins
    assert rows_seen(nodes) <= rows_max, nodes
