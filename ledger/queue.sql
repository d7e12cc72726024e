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
SELECT id, kind::text, amount, currency, source_id, target_id, accepted_at, account_id, summary, command
FROM queued_operations WHERE lane = $1
ORDER BY position LIMIT $2;

-- name: depth
-- How many wait, and for how long the first of them has.
SELECT count(*) AS depth, extract(epoch FROM clock_timestamp() - min(accepted_at))::float8 AS oldest_seconds
FROM queued_operations;
