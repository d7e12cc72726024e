-- Sums and balances of one wallet over a span of its sequence, which stands still: what is posted never changes.

-- name: window
-- From $2 to before $3: the last month where they are null, up to now by the database's clock. With the numbers of
-- the last entry before the window and of the last one in it.
WITH asked AS MATERIALIZED (
    SELECT coalesce($3::timestamptz, clock_timestamp()) AS until
), bounds AS (
    SELECT coalesce($2::timestamptz, until - interval '1 month') AS since, until FROM asked
)
SELECT since, until, ledger_entries_before($1, since), ledger_entries_before($1, until) FROM bounds;

-- name: totals
-- The entries of wallet $1 with $2 < sequence <= $3, from $4 to before $5.
SELECT coalesce(sum(amount) FILTER (WHERE amount > 0), 0), coalesce(-sum(amount) FILTER (WHERE amount < 0), 0), count(*)
FROM entries
WHERE wallet_id = $1 AND sequence > $2 AND sequence <= $3 AND amount <> 0
  AND operation_id BETWEEN ledger_ids_from($4) AND ledger_ids_until($5);

-- name: totals_by_kind
SELECT o.kind::text,
       coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0), coalesce(-sum(e.amount) FILTER (WHERE e.amount < 0), 0),
       count(*)
FROM entries e JOIN operations o ON o.id = e.operation_id
WHERE e.wallet_id = $1 AND e.sequence > $2 AND e.sequence <= $3 AND e.amount <> 0
  AND e.operation_id BETWEEN ledger_ids_from($4) AND ledger_ids_until($5)
GROUP BY o.kind ORDER BY o.kind;

-- name: sequence_at
-- The number of the last entry that was there at that instant.
SELECT ledger_entries_before($1, $2::timestamptz + interval '1 microsecond');

-- name: balance_after
SELECT balance_after FROM entries WHERE wallet_id = $1 AND sequence = $2
UNION ALL
SELECT balance FROM archived_openings WHERE wallet_id = $1 AND sequence = $2;

-- name: archived_until
-- Until when the wallet's entries are in an archive; null where all of them are here.
SELECT max(decided_before) FROM archives
WHERE detached_at IS NOT NULL AND EXISTS (SELECT FROM archived_openings WHERE wallet_id = $1);
