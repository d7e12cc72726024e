-- What workers have yet to do.

-- name: queue
-- How many wait, and for how long the first of them has.
SELECT count(*) AS depth,
       round(extract(epoch FROM clock_timestamp() - min(accepted_at)), 1)::float8 AS oldest_seconds
FROM queued_operations;

-- name: withdrawals
-- The open ones, which alone are due.
SELECT count(*) FILTER (WHERE w.state = 'PENDING') AS "PENDING",
       count(*) FILTER (WHERE w.state = 'SENT') AS "SENT",
       count(*) FILTER (WHERE w.state = 'UNKNOWN') AS "UNKNOWN",
       round(extract(epoch FROM clock_timestamp() - min(o.created_at)), 1)::float8 AS oldest_seconds
FROM withdrawals w JOIN operations o ON o.id = w.operation_id
WHERE w.due_at IS NOT NULL;
