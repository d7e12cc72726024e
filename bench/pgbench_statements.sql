\set payer random(100000000001, 100000000000 + :payers)
\set merchant random(200000000001, 200000000000 + :merchants)
BEGIN;
INSERT INTO idempotency_keys (account_id, key, fingerprint, operation_id) VALUES (('00000000-0000-7000-9000-' || :merchant::text)::uuid, gen_random_uuid()::text, 'fingerprint12345', uuidv7()) ON CONFLICT DO NOTHING RETURNING operation_id AS id \gset op_
SELECT id, balance, held, pending, sequence, status FROM wallets WHERE id IN (('00000000-0000-7000-8000-' || :payer::text)::uuid, ('00000000-0000-7000-8000-' || :merchant::text)::uuid) ORDER BY id FOR NO KEY UPDATE;
UPDATE wallets SET balance = balance - 100, sequence = sequence + 1 WHERE id = ('00000000-0000-7000-8000-' || :payer::text)::uuid RETURNING balance, sequence \gset payer_
UPDATE wallets SET balance = balance + 100, sequence = sequence + 1 WHERE id = ('00000000-0000-7000-8000-' || :merchant::text)::uuid RETURNING balance, sequence \gset merchant_
INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, source_id, target_id, debited, credited, created_at) VALUES (:op_id, 'CHARGE', 'SUCCEEDED', ('00000000-0000-7000-9000-' || :merchant::text)::uuid, 'A coffee', 100, 'USD', ('00000000-0000-7000-8000-' || :payer::text)::uuid, ('00000000-0000-7000-8000-' || :merchant::text)::uuid, 100, 100, now());
INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at) VALUES (('00000000-0000-7000-8000-' || :payer::text)::uuid, :payer_sequence, :op_id, -100, 'USD', :payer_balance, now()), (('00000000-0000-7000-8000-' || :merchant::text)::uuid, :merchant_sequence, :op_id, 100, 'USD', :merchant_balance, now());
COMMIT;
