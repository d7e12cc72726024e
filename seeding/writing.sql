-- What the seed writes by itself; all else goes by COPY.

-- name: lock_accounts
-- Nobody signs up meanwhile, and no other seed begins. Without accounts nobody makes wallets or moves money either.
LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE;

-- name: is_empty
SELECT NOT EXISTS (SELECT FROM accounts) AND NOT EXISTS (SELECT FROM wallets) AND NOT EXISTS (SELECT FROM archives);

-- name: set_rates
-- The rates $2 of the currencies $1, set at $3 by the administrator $4.
WITH asked AS (
    SELECT * FROM unnest($1::varchar[], $2::numeric[]) AS asked (code, rate)
), kept AS (
    UPDATE currencies SET rate = asked.rate, rate_updated_at = $3 FROM asked WHERE currencies.code = asked.code
)
INSERT INTO rates (code, rate, set_at, set_by) SELECT code, rate, $3, $4 FROM asked;

-- name: count_revision
UPDATE currency_revision SET revision = revision + 1;

-- name: email
SELECT email FROM accounts WHERE id = $1;

-- name: analyze
-- Until the server looks at the tables by itself, its plans would be those for empty ones.
ANALYZE accounts, clients, companies, wallets, operations, entries, idempotency_keys, reservations, shares, withdrawals,
        withdrawal_attempts;
