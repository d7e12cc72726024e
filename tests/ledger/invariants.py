"""What must hold in the ledger's tables at every moment, looked up in the tables alone."""

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy

# Each selects the rows that must not be.
_FAULTS = {
    "entries of an operation sum to zero in each currency": """
        SELECT operation_id, currency, sum(amount) FROM entries
        GROUP BY operation_id, currency HAVING sum(amount) <> 0
    """,
    "a balance is the sum of its entries, and the sequence their number": """
        SELECT w.id, w.balance, w.sequence, sum(e.amount), count(e.sequence)
        FROM wallets w LEFT JOIN entries e ON e.wallet_id = w.id LEFT JOIN archived_openings a ON a.wallet_id = w.id
        GROUP BY w.id, a.wallet_id
        HAVING w.balance <> coalesce(a.balance, 0) + coalesce(sum(e.amount), 0)
            OR w.sequence <> coalesce(a.sequence, 0) + count(e.sequence)
    """,
    "sequences count 1, 2, 3 without a gap": """
        SELECT * FROM (
            SELECT wallet_id, e.sequence, coalesce(a.sequence, 0) AS archived,
                   row_number() OVER (PARTITION BY wallet_id ORDER BY e.sequence) AS number
            FROM entries e LEFT JOIN archived_openings a USING (wallet_id)
        ) AS numbered WHERE sequence <> archived + number
    """,
    "the balance after an entry is the balance before and the amount": """
        SELECT * FROM (
            SELECT wallet_id, e.sequence, balance_after, coalesce(a.balance, 0) AS archived,
                   sum(amount) OVER (PARTITION BY wallet_id ORDER BY e.sequence) AS running
            FROM entries e LEFT JOIN archived_openings a USING (wallet_id)
        ) AS summed WHERE balance_after <> archived + running
    """,
    "times never run backwards within a wallet": """
        SELECT * FROM (
            SELECT wallet_id, sequence, created_at,
                   lag(created_at) OVER (PARTITION BY wallet_id ORDER BY sequence) AS before
            FROM entries
        ) AS timed WHERE created_at < before
    """,
    "a holder's money is never below zero": """
        SELECT w.id, w.balance, w.held, w.pending FROM wallets w
        WHERE w.kind = 'HOLDER' AND (w.balance - w.held - w.pending < 0 OR w.held < 0 OR w.pending < 0)
        UNION ALL
        SELECT w.id, e.balance_after, e.sequence, e.amount FROM wallets w JOIN entries e ON e.wallet_id = w.id
        WHERE w.kind = 'HOLDER' AND e.balance_after < 0
    """,
    "entries belong to a wallet, in its currency": """
        SELECT e.* FROM entries e LEFT JOIN wallets w ON w.id = e.wallet_id
        WHERE w.id IS NULL OR w.currency <> e.currency
    """,
    "entries have their operation, made at the same time": """
        SELECT e.* FROM entries e LEFT JOIN operations o ON o.id = e.operation_id
        WHERE o.id IS NULL OR o.created_at <> e.created_at
    """,
    "an operation stands once in the history of its source and of its target": """
        SELECT o.id, party.wallet_id, count(e.sequence)
        FROM operations o
        CROSS JOIN LATERAL (SELECT DISTINCT * FROM (VALUES (o.source_id), (o.target_id)) AS sides (wallet_id)) AS party
        LEFT JOIN entries e ON e.operation_id = o.id AND e.wallet_id = party.wallet_id
        WHERE party.wallet_id IS NOT NULL
        GROUP BY o.id, party.wallet_id HAVING count(e.sequence) <> 1
        UNION ALL
        SELECT id, NULL, 0 FROM operations WHERE source_id IS NULL AND target_id IS NULL
    """,
    "what an operation says it moved is what its entries moved": """
        SELECT o.id, o.status, e.wallet_id, e.amount
        FROM operations o JOIN entries e ON e.operation_id = o.id
        WHERE CASE
            WHEN o.status = 'FAILED' THEN e.amount <> 0 OR o.debited IS NOT NULL OR o.credited IS NOT NULL
            -- What was accepted of a withdrawal: another operation moves it.
            WHEN o.kind = 'WITHDRAWAL' AND o.accepted_at IS NULL THEN e.amount <> 0
            WHEN e.wallet_id = o.source_id THEN e.amount <> -coalesce(o.debited, 0)
            WHEN e.wallet_id = o.target_id THEN e.amount <> coalesce(o.credited, 0)
            ELSE false
        END
    """,
    "what is held and pending is what open reservations set aside": """
        SELECT w.id, w.held, w.pending, sum(r.remaining)
        FROM wallets w LEFT JOIN reservations r ON r.wallet_id = w.id AND r.state = 'OPEN'
        GROUP BY w.id
        HAVING w.held <> coalesce(sum(r.remaining) FILTER (WHERE r.kind IN ('AUTHORIZATION', 'WITHDRAWAL')), 0)
            OR w.pending <> coalesce(sum(r.remaining) FILTER (WHERE r.kind = 'DEPOSIT'), 0)
    """,
    "the shares of a charge make up the charge": """
        SELECT o.id, o.amount, sum(s.amount), sum(s.refunded) FROM operations o JOIN shares s ON s.operation_id = o.id
        GROUP BY o.id, o.amount
        HAVING sum(s.amount) <> 2 * o.amount OR min(s.amount) FILTER (WHERE s.number = 0) <> o.amount
            OR sum(s.refunded) <> 2 * min(s.refunded) FILTER (WHERE s.number = 0)
    """,
    "what was refunded is what the refunds say": """
        SELECT s.operation_id, s.refunded, sum(r.amount)
        FROM shares s JOIN operations charge ON charge.id = s.operation_id  -- one that is archived took refunds along
        LEFT JOIN operations r
            ON r.origin_id = s.operation_id AND r.kind = 'REFUND' AND r.status = 'SUCCEEDED'
        WHERE s.number = 0 GROUP BY s.operation_id, s.refunded HAVING s.refunded <> coalesce(sum(r.amount), 0)
    """,
    "what was captured is what the captures say": """
        SELECT v.operation_id, v.captured, sum(c.amount)
        FROM reservations v JOIN operations authorized ON authorized.id = v.operation_id
        LEFT JOIN operations c
            ON c.origin_id = v.operation_id AND c.kind IN ('CAPTURE', 'WITHDRAWAL') AND c.status = 'SUCCEEDED'
        GROUP BY v.operation_id, v.captured HAVING v.captured <> coalesce(sum(c.amount), 0)
    """,
    "a withdrawal, its operation, what it holds and how it ended tell the same": """
        WITH ends AS (
            SELECT origin_id, count(*) AS number, min(status::text) AS status, min(failure_code) AS failure_code,
                   sum(amount) AS amount, sum(coalesce(debited, 0)) AS debited, min(accepted_at) AS accepted_at
            FROM operations WHERE kind = 'WITHDRAWAL' AND accepted_at IS NOT NULL GROUP BY origin_id
        )
        SELECT o.id, w.state, o.status, o.failure_code, r.state, r.remaining, ends.*
        FROM (SELECT * FROM operations WHERE kind = 'WITHDRAWAL' AND accepted_at IS NULL) AS o
        FULL JOIN withdrawals w ON w.operation_id = o.id
        LEFT JOIN reservations r ON r.operation_id = w.operation_id
        LEFT JOIN ends ON ends.origin_id = w.operation_id
        WHERE CASE
            WHEN w.operation_id IS NULL
                THEN o.status <> 'FAILED' OR o.failure_code IN ('CANCELLED', 'BANK_REFUSED')
            WHEN o.id IS NULL
                THEN NOT EXISTS (SELECT FROM archives WHERE detached_at IS NOT NULL AND w.operation_id < limit_id)
            ELSE (CASE WHEN w.state IN ('SENT', 'UNKNOWN') THEN 'PENDING' ELSE w.state END, o.status::text,
                  coalesce(o.failure_code, ''), r.state, r.remaining, coalesce(ends.number, 0)) NOT IN (
                    ('PENDING', 'PENDING', '', 'OPEN', r.debit, 0), ('SUCCEEDED', 'SUCCEEDED', '', 'CAPTURED', 0, 1),
                    ('FAILED', 'FAILED', 'BANK_REFUSED', 'RELEASED', 0, 1),
                    ('CANCELLED', 'FAILED', 'CANCELLED', 'RELEASED', 0, 1))
                OR r.operation_id IS NULL OR (o.account_id, o.source_id) IS DISTINCT FROM (w.account_id, w.wallet_id)
                OR (ends.status, coalesce(ends.failure_code, ''), ends.amount, ends.debited, ends.accepted_at)
                    <> (o.status::text, coalesce(o.failure_code, ''), o.amount, coalesce(o.debited, 0), o.created_at)
        END
    """,
    "what is under way is a withdrawal": """
        SELECT id, kind FROM operations
        WHERE status = 'PENDING' AND id NOT IN (SELECT operation_id FROM withdrawals)
    """,
    "what was queued waits or was carried out, once": """
        SELECT accepted.id, count(*) FROM (
            SELECT origin_id AS id FROM operations WHERE accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'
            UNION ALL SELECT id FROM queued_operations
        ) AS accepted GROUP BY id HAVING id IS NULL OR count(*) > 1
        UNION ALL
        SELECT q.id, q.position FROM queued_operations q LEFT JOIN wallets w ON w.id = q.wallet_id
        WHERE w.id IS NULL OR w.lane <> q.lane
    """,
    "a key leads to its account's operation or refusal": """
        SELECT k.* FROM idempotency_keys k LEFT JOIN (
            SELECT id, account_id, status::text FROM operations
            UNION ALL SELECT origin_id, account_id, status::text FROM operations
                WHERE accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'
            UNION ALL SELECT id, account_id, 'QUEUED' FROM queued_operations
        ) AS o ON o.id = k.operation_id
        WHERE (o.id IS NULL AND k.rejection IS NULL AND NOT EXISTS (
                SELECT FROM archives WHERE detached_at IS NOT NULL AND k.operation_id < limit_id))
           OR o.account_id <> k.account_id OR (o.status <> 'FAILED' AND k.rejection IS NOT NULL)
    """,
}


async def broken_invariants(connection: Connection) -> dict[str, list[asyncpg.Record]]:
    """The invariants that do not hold, each with the rows that break it.

    Looks at one snapshot, so that it may be called while the ledger is at work.
    """
    async with connection.transaction(isolation="repeatable_read"):
        found = {name: await connection.fetch(sql) for name, sql in _FAULTS.items()}
    return {name: rows for name, rows in found.items() if rows}


async def assert_invariants(connection: Connection) -> None:
    """Fails, naming what is broken and where."""
    broken = await broken_invariants(connection)
    assert not broken, {name: rows[:5] for name, rows in broken.items()}
