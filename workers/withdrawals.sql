-- Withdrawals on their way to the bank. Times are the database's: of all the clocks there is only that one.

-- name: claim
-- Up to $1 of what is due, of wallets in lane $2 (null: in any). What is PENDING is SENT from now on, as an attempt that
-- may be paid for $3. What was sent before, by whoever did not get an answer or has died, is only asked about. Nobody
-- else looks at either until it is due again, in $4. Frozen wallets don't pay: theirs stays PENDING.
WITH due AS (
    SELECT w.operation_id, w.state = 'PENDING' AS is_new
    FROM withdrawals w JOIN wallets ON wallets.id = w.wallet_id
    WHERE w.due_at <= statement_timestamp()
      AND ($2::smallint IS NULL OR wallets.lane = $2)
      AND NOT (w.state = 'PENDING' AND wallets.status = 'FROZEN')
    ORDER BY w.due_at LIMIT $1
    FOR UPDATE OF w SKIP LOCKED
), claimed AS (
    UPDATE withdrawals w
    SET state = CASE WHEN due.is_new THEN 'SENT' ELSE w.state END,
        attempts = w.attempts + due.is_new::int,
        due_at = statement_timestamp() + $4::interval
    FROM due WHERE w.operation_id = due.operation_id
    RETURNING w.operation_id, w.account_id, w.attempts, w.destination, due.is_new
), begun AS (
    INSERT INTO withdrawal_attempts (operation_id, number, started_at, not_after)
    SELECT operation_id, attempts, statement_timestamp(), statement_timestamp() + $3::interval FROM claimed WHERE is_new
)
SELECT c.operation_id, c.account_id, c.attempts, c.destination, o.amount, o.currency, currencies.exponent, c.is_new,
       coalesce(a.started_at, statement_timestamp()) AS started_at,
       coalesce(a.not_after, statement_timestamp() + $3::interval) AS not_after,
       statement_timestamp() AS claimed_at,
       coalesce(a.ended_at IS NOT NULL AND a.result LIKE 'PAID%', false) AS was_paid
FROM claimed c
JOIN operations o ON o.id = c.operation_id
JOIN currencies ON currencies.code = o.currency
-- A new attempt is not there yet: this statement does not see what it inserts.
LEFT JOIN withdrawal_attempts a ON a.operation_id = c.operation_id AND a.number = c.attempts;

-- name: pay_again
-- Attempt $2 has certainly paid nothing, says $4; the next one is due in $3. Whoever is late changes nothing.
WITH reopened AS (
    UPDATE withdrawals SET state = 'PENDING', due_at = statement_timestamp() + $3::interval
    WHERE operation_id = $1 AND attempts = $2 AND state IN ('SENT', 'UNKNOWN')
    RETURNING operation_id
)
UPDATE withdrawal_attempts a SET ended_at = statement_timestamp(), result = $4
FROM reopened WHERE a.operation_id = reopened.operation_id AND a.number = $2;

-- name: ask_again
-- What came of the attempts $2 at the withdrawals $1 is not known, says $4; the bank is asked in $3. Whoever is late
-- changes nothing.
WITH unsure AS (
    UPDATE withdrawals w SET state = 'UNKNOWN', due_at = statement_timestamp() + $3::interval
    FROM unnest($1::uuid[], $2::smallint[]) AS mine (operation_id, number)
    WHERE w.operation_id = mine.operation_id AND w.attempts = mine.number AND w.state IN ('SENT', 'UNKNOWN')
    RETURNING w.operation_id, w.attempts
)
UPDATE withdrawal_attempts a SET result = $4
FROM unsure WHERE a.operation_id = unsure.operation_id AND a.number = unsure.attempts AND a.ended_at IS NULL;

-- name: end_attempt
-- The bank's last word on attempt $2 is $3, however late it comes. Should the withdrawal wait for another attempt, it
-- is kept from it until it is settled: others ask about it in $4.
WITH kept AS (
    UPDATE withdrawals SET state = 'SENT', due_at = statement_timestamp() + $4::interval
    WHERE operation_id = $1 AND state = 'PENDING'
)
UPDATE withdrawal_attempts SET ended_at = statement_timestamp(), result = $3 WHERE operation_id = $1 AND number = $2;
