-- What is over is set aside no more, whoever looks (the view holders_now, ledger/sheet.py). These say so in the rows of
-- wallets that nobody touches, so that what is over does not gather there.

-- name: due
-- A part of what is over, in order, past the last that was seen. Without an end it is never over by time.
SELECT operation_id, wallet_id, ends_at FROM reservations
WHERE state = 'OPEN' AND ends_at <= clock_timestamp() AND (ends_at, operation_id) > ($1, $2)
ORDER BY ends_at, operation_id LIMIT $3;

-- name: settle
-- Of these reservations those that are still open, in wallets that are locked: a statement of its own, so that it sees
-- what others committed before the locks were granted.
WITH over AS MATERIALIZED (
    SELECT operation_id, wallet_id, kind, remaining FROM reservations
    WHERE operation_id = ANY ($1::uuid[]) AND wallet_id = ANY ($2::uuid[]) AND state = 'OPEN'
), ended AS (
    UPDATE reservations SET state = 'ENDED', remaining = 0
    FROM over WHERE reservations.operation_id = over.operation_id
)
UPDATE wallets SET held = wallets.held - own.held, pending = wallets.pending - own.pending
FROM (
    SELECT wallet_id, coalesce(sum(remaining) FILTER (WHERE kind = 'AUTHORIZATION'), 0) AS held,
           coalesce(sum(remaining) FILTER (WHERE kind = 'DEPOSIT'), 0) AS pending
    FROM over GROUP BY wallet_id
) AS own
WHERE wallets.id = own.wallet_id;
