-- A wallet's history as a whole, read in parts. Entries never change and their sequences have no gap, so that all
-- entries between two sequences are a snapshot: no transaction needs to last as long as the reading.

-- name: export_window
-- The entries of wallet $1 from $2 to before $3 (null: without bound), as sequences: after the first, up to the last.
-- And how many they are: all between the two, but for what was archived. An operation's id, which decides what is
-- archived together, is of a time within a day of the entry's; so of two neighbours the later may be gone already, and
-- what was there within two days of the earliest that is left is counted.
WITH bounds AS (
    SELECT id, coalesce(ledger_entries_before(id, $2), 0) AS after,
           coalesce(ledger_entries_before(id, $3), sequence) AS last
    FROM wallets WHERE id = $1
)
SELECT bounds.after, bounds.last,
       coalesce(bounds.last - settled.sequence + (
           SELECT count(*) FROM entries e
           WHERE e.wallet_id = bounds.id AND e.sequence > bounds.after AND e.sequence <= settled.sequence
       ), 0) AS rows
FROM bounds
LEFT JOIN LATERAL (
    SELECT e.created_at FROM entries e
    WHERE e.wallet_id = bounds.id AND e.sequence > bounds.after AND e.sequence <= bounds.last
    ORDER BY e.sequence LIMIT 1
) AS earliest ON true
LEFT JOIN LATERAL (
    SELECT least(bounds.last, ledger_entries_before(bounds.id, earliest.created_at + interval '2 days')) AS sequence
) AS settled ON earliest.created_at IS NOT NULL;

-- name: export_part
-- At most $4 entries of wallet $1 with $2 < sequence <= $3. The other side of what was split is who paid, and who is
-- given back to.
SELECT e.sequence, CASE WHEN side.is_out THEN o.target_id ELSE o.source_id END AS counterparty_id,
       e.amount AS change, e.balance_after, e.created_at,
       -- As clients know it.
       CASE WHEN o.accepted_at IS NULL THEN o.id ELSE o.origin_id END AS operation_id,
       o.kind::text, o.status::text, o.summary, side.is_out
FROM entries e
JOIN operations o ON o.id = e.operation_id
CROSS JOIN LATERAL (
    -- Where nothing moved, the side of the operation on which the wallet stands.
    SELECT e.amount < 0 OR e.amount = 0 AND o.source_id IS NOT DISTINCT FROM e.wallet_id AS is_out
) AS side
WHERE e.wallet_id = $1 AND e.sequence > $2 AND e.sequence <= $3
ORDER BY e.sequence LIMIT $4;
