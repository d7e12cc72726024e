-- The queue of what was accepted and is not carried out yet.

-- name: lanes
-- Those in which something waits. Each step of the recursion is one look into the index, however long the queue is.
WITH RECURSIVE lanes AS (
    (SELECT lane FROM queued_operations ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT next.lane FROM lanes CROSS JOIN LATERAL (
        SELECT lane FROM queued_operations WHERE lane > lanes.lane ORDER BY lane LIMIT 1
    ) AS next
)
SELECT lane FROM lanes;

-- name: first_of_lane
SELECT wallet_id, id, kind::text, amount, currency, source_id, target_id, accepted_at, account_id, summary, command
FROM queued_operations
WHERE lane = $1 AND wallet_id <> ALL ($3::uuid[])
ORDER BY position LIMIT $2;

-- name: first_free_of_lane
-- Without what names one of the wallets $4, and what comes after that in the order of the same wallet. No more than the
-- first of the lane are looked through, so that a long queue does not cost more each time than what is done in it.
SELECT wallet_id, id, kind, amount, currency, source_id, target_id, accepted_at, account_id, summary, command
FROM (
    SELECT *, bool_or(coalesce(source_id = ANY ($4::uuid[]), false) OR coalesce(target_id = ANY ($4::uuid[]), false))
              OVER (PARTITION BY wallet_id ORDER BY position) AS is_stopped
    FROM (
        SELECT wallet_id, id, kind::text, amount, currency, source_id, target_id, accepted_at, account_id, summary,
               command, position
        FROM queued_operations
        WHERE lane = $1 AND wallet_id <> ALL ($3::uuid[])
        ORDER BY position LIMIT 50000
    ) AS first
) AS seen
WHERE NOT is_stopped
ORDER BY position LIMIT $2;
