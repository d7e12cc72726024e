-- One merchant's wallet ($2) gets $1 charges of 1.00, in turn from $3 payers, whose ids are $4 and a number.
WITH charged AS (
    INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, source_id, target_id, debited,
                            credited, created_at)
    SELECT uuidv7(n * interval '1 millisecond' - $1 * interval '1 millisecond'), 'CHARGE', 'SUCCEEDED', merchant.owner_id,
           'Coffee and cake, table ' || n % 40, 100, 'USD', ($4 || ($5::bigint + n % $3))::uuid, merchant.id, 100, 100,
           now() + (n - $1) * interval '1 millisecond'
    FROM generate_series(1, $1::bigint) AS n, wallets AS merchant WHERE merchant.id = $2
    RETURNING id, source_id, target_id, created_at
), paid AS (
    SELECT *, row_number() OVER (ORDER BY created_at) AS number,
           row_number() OVER (PARTITION BY source_id ORDER BY created_at) AS number_of_payer
    FROM charged
), posted AS (
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT target_id, number, id, 100, 'USD', 100 * number, created_at FROM paid
    UNION ALL
    SELECT source_id, 1 + number_of_payer, paid.id, -100, 'USD', wallets.balance - 100 * number_of_payer, paid.created_at
    FROM paid JOIN wallets ON wallets.id = source_id
)
UPDATE wallets SET balance = balance + change, sequence = sequence + count
FROM (
    SELECT source_id AS id, -100 * count(*) AS change, count(*) AS count FROM paid GROUP BY source_id
    UNION ALL
    SELECT target_id, 100 * count(*), count(*) FROM paid GROUP BY target_id
) AS moved
WHERE wallets.id = moved.id
