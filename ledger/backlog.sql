-- What workers have yet to do beside the queue.

-- name: withdrawals
-- The open ones, which alone are due. An id is of the time when it was asked for.
SELECT count(*) FILTER (WHERE state = 'PENDING') AS "PENDING",
       count(*) FILTER (WHERE state = 'SENT') AS "SENT",
       count(*) FILTER (WHERE state = 'UNKNOWN') AS "UNKNOWN",
       round(extract(epoch FROM clock_timestamp() - min(uuid_extract_timestamp(operation_id))), 1)::float8
           AS oldest_seconds
FROM withdrawals WHERE due_at IS NOT NULL;
