-- name: position
-- One statement, so one snapshot. It goes through all wallets: a sum that is kept would be one row that all writers
-- queue on, and an index that holds the balances would have to be written with every charge. What is over by now is
-- taken off what the wallets say is set aside, as the view holders_now does for one; of those rows there is an index.
WITH instant AS MATERIALIZED (
    SELECT clock_timestamp() AS now
), over AS (
    SELECT wallets.currency,
           sum(remaining) FILTER (WHERE reservations.kind = 'AUTHORIZATION') AS held,
           sum(remaining) FILTER (WHERE reservations.kind = 'DEPOSIT') AS pending
    FROM reservations JOIN wallets ON wallets.id = wallet_id
    WHERE state = 'OPEN' AND ends_at <= (SELECT now FROM instant)
    GROUP BY wallets.currency
), sums AS (
    SELECT currency,
           sum(balance) FILTER (WHERE kind = 'HOLDER') AS owed, sum(held) AS held, sum(pending) AS pending,
           sum(balance) FILTER (WHERE kind = 'OUTSIDE') AS outside,
           sum(balance) FILTER (WHERE kind = 'EXCHANGE') AS exchange
    FROM wallets GROUP BY currency
)
SELECT sums.currency, coalesce(owed, 0), sums.held - coalesce(over.held, 0), sums.pending - coalesce(over.pending, 0),
       coalesce(outside, 0), coalesce(exchange, 0)
FROM sums LEFT JOIN over ON over.currency = sums.currency
ORDER BY sums.currency;
