-- What workers have yet to do.

-- name: queue
-- How many wait, and for how long the first of them has.
SELECT count(*) AS count,
       round(extract(epoch FROM clock_timestamp() - min(accepted_at)), 1)::float8 AS oldest_seconds
FROM queued_operations;

-- name: withdrawals
-- The open ones, which alone are due, and how long ago the first of them was accepted.
SELECT w.state, count(*) AS count,
       round(extract(epoch FROM clock_timestamp() - min(o.created_at)), 1)::float8 AS oldest_seconds
FROM withdrawals w JOIN operations o ON o.id = w.operation_id
WHERE w.due_at IS NOT NULL
GROUP BY w.state;

-- name: partitions
SELECT parent.relname AS table, pg_get_expr(child.relpartbound, child.oid) AS bound, clock_timestamp() AS now
FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent
JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent IN ('operations'::regclass, 'entries'::regclass);
