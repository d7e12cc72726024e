-- A merchant with a long history: charges of 1.00 by a thousand payers in turn, evenly over two years, every tenth
-- refused. All is computed from the number of the charge, so that months can be loaded one by one.

-- name: wallets
-- The outside world, the merchant ($1), and a thousand payers with 1,000,000.00 each, from an hour before $2 on.
WITH holders AS (
    INSERT INTO wallets (id, kind, owner_id, token_secret, currency, balance, sequence, created_at)
    SELECT id, 'HOLDER', id, sha256(id::text::bytea), 'USD', balance, sequence, $2::timestamptz - interval '1 hour'
    FROM (
        SELECT $1::uuid AS id, 0 AS balance, 0 AS sequence
        UNION ALL SELECT bench_payer(n), 100000000, 1 FROM generate_series(0, 999) AS n
    ) AS holder
    RETURNING id, balance
), outside AS (
    INSERT INTO wallets (id, kind, currency, balance, sequence, created_at)
    VALUES (gen_random_uuid(), 'OUTSIDE', 'USD', -100000000000, 1000, $2::timestamptz - interval '1 hour')
    RETURNING id
), deposited AS (
    INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, target_id, credited, created_at)
    SELECT uuidv7($2::timestamptz - interval '1 hour' - now()), 'DEPOSIT', 'SUCCEEDED', id, 'Opening', balance, 'USD', id,
           balance, $2::timestamptz - interval '1 hour'
    FROM holders WHERE balance > 0
    RETURNING id, target_id
)
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
SELECT target_id, 1, id, 100000000, 'USD', 100000000, $2::timestamptz - interval '1 hour' FROM deposited
UNION ALL
SELECT outside.id, row_number() OVER (ORDER BY deposited.id), deposited.id, -100000000, 'USD',
       -100000000 * row_number() OVER (ORDER BY deposited.id), $2::timestamptz - interval '1 hour'
FROM deposited, outside;

-- name: charges
-- Charges number $2 to $3 of the merchant $1: number n is decided n times $5 after $4.
WITH charged AS (
    SELECT n, n % 10 = 0 AS is_refused, bench_payer((n - 1) % 1000) AS payer_id, $4::timestamptz + n * $5::interval AS at
    FROM generate_series($2::bigint, $3::bigint) AS n
), identified AS (
    SELECT *, (left(ledger_uuid_floor(at)::text, 14) || '7' || lpad(to_hex(n & 4095), 3, '0') || '-8000-'
               || lpad(to_hex(n), 12, '0'))::uuid AS id
    FROM charged
), operated AS (
    INSERT INTO operations (id, kind, status, failure_code, account_id, summary, amount, currency, source_id, target_id,
                            debited, credited, created_at)
    SELECT id, 'CHARGE', CASE WHEN is_refused THEN 'FAILED' ELSE 'SUCCEEDED' END::operation_status,
           CASE WHEN is_refused THEN 'INSUFFICIENT_FUNDS' END, $1, 'Coffee and cake, table ' || n % 40, 100, 'USD',
           payer_id, $1, CASE WHEN NOT is_refused THEN 100 END, CASE WHEN NOT is_refused THEN 100 END, at
    FROM identified
)
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
SELECT $1, n, id, CASE WHEN is_refused THEN 0 ELSE 100 END, 'USD', 100 * (n - n / 10), at FROM identified
UNION ALL
SELECT payer_id, 2 + (n - 1) / 1000, id, CASE WHEN is_refused THEN 0 ELSE -100 END, 'USD',
       CASE WHEN is_refused THEN 100000000 ELSE 100000000 - 100 * (1 + (n - 1) / 1000) END, at
FROM identified;

-- name: balances
UPDATE wallets SET sequence = last.sequence, balance = last.balance_after
FROM wallets AS own CROSS JOIN LATERAL (
    SELECT sequence, balance_after FROM entries WHERE wallet_id = own.id ORDER BY sequence DESC LIMIT 1
) AS last
WHERE wallets.id = own.id AND own.kind = 'HOLDER';
