-- Archiving: what is old is read as it is written to a file. What changes the tables are the functions of the
-- migration `archives`, which need names of partitions.

-- name: partitions
SELECT parent.relname AS table, child.relname AS name, pg_get_expr(child.relpartbound, child.oid) AS bound,
       child.reltuples::bigint AS rows_estimated, pg_total_relation_size(child.oid) AS bytes
FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent
JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent IN ('operations'::regclass, 'entries'::regclass)
ORDER BY parent.relname DESC, pg_get_expr(child.relpartbound, child.oid) = 'DEFAULT', child.relname;

-- name: archives
SELECT period, file_name, operations, entries, sha256, archived_at, detached_at
FROM archives ORDER BY period;

-- name: columns
SELECT attname FROM pg_attribute
WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;

-- name: decided_before
-- The end of the period, or where something with a later id was decided sooner, by a process whose clock ran ahead.
-- What was decided before, and has an id of the period or an earlier one, is the beginning of each wallet's history.
SELECT least($1::timestamptz, min(created_at)) FROM operations
WHERE id >= ledger_uuid_floor($1::timestamptz) AND id < ledger_uuid_floor($1::timestamptz + interval '1 day');

-- name: still_set_aside
-- What could still be captured, released or listed as pending. What is over needs no operation to be settled.
SELECT count(*) AS reservations, max(ends_at) AS until FROM reservations
WHERE operation_id < $1::uuid AND state = 'OPEN' AND ends_at > clock_timestamp();

-- name: still_pending
-- Withdrawals whose end would have to change what is archived. With the first of them.
SELECT count(*) AS operations, min(id::text)::uuid AS first_id FROM operations
WHERE id < $1::uuid AND created_at < $2::timestamptz AND status = 'PENDING';

-- name: misplaced
-- A wallet of which these entries are not the next sequences after what was archived before, one after the other, or
-- do not lead from that balance to the one that its last entry tells.
SELECT e.wallet_id
FROM entries e LEFT JOIN archived_openings o ON o.wallet_id = e.wallet_id
WHERE e.operation_id < $1::uuid AND e.created_at < $2::timestamptz
GROUP BY e.wallet_id, o.sequence, o.balance
HAVING min(e.sequence) <> coalesce(o.sequence, 0) + 1
    OR count(*) <> max(e.sequence) - coalesce(o.sequence, 0)
    OR coalesce(o.balance, 0) + sum(e.amount) <> (array_agg(e.balance_after ORDER BY e.sequence DESC))[1]
LIMIT 1;

-- name: orphaned
-- An operation that an entry names, and that is not there or was decided at another time, so that a cut by time could
-- part the two.
SELECT e.operation_id FROM entries e LEFT JOIN operations o ON o.id = e.operation_id
WHERE e.operation_id < $1::uuid AND (o.id IS NULL OR o.created_at <> e.created_at)
LIMIT 1;

-- name: unbalanced
SELECT currency FROM entries WHERE operation_id < $1::uuid AND created_at < $2::timestamptz
GROUP BY currency HAVING sum(amount) <> 0 LIMIT 1;

-- name: count
-- How many lines there will be.
SELECT count(*) FROM operations WHERE id < $1::uuid AND created_at < $2::timestamptz;

-- name: lines
SELECT row_to_json(line)::text FROM (
    SELECT o.*, coalesce(posted.entries, '[]') AS entries
    FROM operations o LEFT JOIN (
        SELECT e.operation_id, json_agg(row_to_json(e) ORDER BY e.wallet_id, e.sequence) AS entries
        FROM entries e WHERE e.operation_id < $1::uuid AND e.created_at < $2::timestamptz
        GROUP BY e.operation_id
    ) AS posted ON posted.operation_id = o.id
    WHERE o.id < $1::uuid AND o.created_at < $2::timestamptz
    ORDER BY o.id
) AS line;

-- name: keep_archive
INSERT INTO archives (period, lowest_id, limit_id, decided_before, file_name, operations, entries, sha256, archived_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
ON CONFLICT (period) DO UPDATE
SET decided_before = EXCLUDED.decided_before, file_name = EXCLUDED.file_name, operations = EXCLUDED.operations,
    entries = EXCLUDED.entries, sha256 = EXCLUDED.sha256, archived_at = EXCLUDED.archived_at;

-- name: load_operations
INSERT INTO restored_operations
SELECT o.* FROM unnest($1::json[]) AS line, json_populate_record(NULL::operations, line) AS o;

-- name: load_entries
INSERT INTO restored_entries
SELECT e.* FROM unnest($1::json[]) AS line, json_populate_recordset(NULL::entries, line -> 'entries') AS e;
