\set payer random(100000000001, 100000000000 + :payers)
\set merchant random(200000000001, 200000000000 + :merchants)
WITH claimed AS (
    INSERT INTO idempotency_keys (account_id, key, fingerprint, operation_id)
    VALUES (('00000000-0000-7000-9000-' || :merchant::text)::uuid, gen_random_uuid()::text, 'fingerprint12345', uuidv7())
    ON CONFLICT DO NOTHING
    RETURNING account_id, operation_id
), recorded AS (
    INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, source_id, target_id, debited, credited, created_at)
    SELECT operation_id, 'CHARGE', 'SUCCEEDED', account_id, 'A coffee', 100, 'USD', ('00000000-0000-7000-8000-' || :payer::text)::uuid, ('00000000-0000-7000-8000-' || :merchant::text)::uuid, 100, 100, now()
    FROM claimed
), moved AS (
    UPDATE wallets SET balance = balance + change.amount, sequence = sequence + 1
    FROM claimed, (
        SELECT * FROM (VALUES (('00000000-0000-7000-8000-' || :payer::text)::uuid, -100), (('00000000-0000-7000-8000-' || :merchant::text)::uuid, 100)) AS listed (id, amount) ORDER BY id
    ) AS change
    WHERE wallets.id = change.id
    RETURNING wallets.id, sequence, operation_id, amount, balance
)
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
SELECT id, sequence, operation_id, amount, 'USD', balance, now() FROM moved;
