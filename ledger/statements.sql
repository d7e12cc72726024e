-- Every statement of the ledger's hot path, by name. Set-based: a batch of one and a batch of five hundred
-- send the same few. Arrays run in parallel, one element a row.

-- name: claim_keys
-- Another transaction that holds one of these keys uncommitted is waited for. The rows come in the order
-- of their keys, as from every writer, so that two writers never wait for each other in a circle.
INSERT INTO idempotency_keys (account_id, key, fingerprint, operation_id)
SELECT * FROM unnest($1::uuid[], $2::varchar[], $3::bytea[], $4::uuid[])
ON CONFLICT DO NOTHING;

-- name: claimed_keys
SELECT account_id, key, fingerprint, operation_id, rejection
FROM idempotency_keys
JOIN unnest($1::uuid[], $2::varchar[]) AS asked (account_id, key) USING (account_id, key);

-- name: lock_wallets
-- Locks wallets in the order of their ids, as whoever locks several must. The clock is read after the last lock
-- was granted, so that the times of a wallet's entries never run backwards. With each row comes the revision of the
-- currencies, in a row of nulls where there is no other.
WITH locked AS MATERIALIZED (
    SELECT id, owner_id, token_secret, currency, status::text, balance, held, pending, sequence, only_one,
           name, country, city, created_at, lane
    -- The system's own, whose ids anyone can work out, are locked after these.
    FROM wallets WHERE id = ANY ($1::uuid[]) AND kind = 'HOLDER'
    ORDER BY id
    FOR NO KEY UPDATE
)
SELECT locked.*, clock_timestamp() AS locked_at, known.revision
FROM currency_revision AS known LEFT JOIN locked ON true;

-- name: lock_free_wallets
-- For what is done to many wallets in passing, in the order in which the writer locks. Those that somebody has are left
-- out: waiting for one, the others would be held for just as long.
SELECT id FROM wallets WHERE id = ANY ($1::uuid[]) AND kind = 'HOLDER'
ORDER BY id
FOR NO KEY UPDATE SKIP LOCKED;

-- name: held_wallets
-- Those of the wallets that somebody else has locked right now.
SELECT id FROM wallets WHERE id = ANY ($1::uuid[]) AND kind = 'HOLDER'
EXCEPT
SELECT id FROM (SELECT id FROM wallets WHERE id = ANY ($1::uuid[]) AND kind = 'HOLDER' FOR NO KEY UPDATE SKIP LOCKED) AS free;

-- name: only_wallets
-- The wallet that needs no naming when money comes to these owners.
SELECT owner_id, id FROM wallets WHERE owner_id = ANY ($1::uuid[]) AND only_one AND status <> 'CLOSED';

-- name: lock_system_wallets
-- The system's wallets of this writer, made when they are first needed. Always locked after the holders', so the
-- clock is read once more.
INSERT INTO wallets AS own (id, kind, currency, created_at)
SELECT id, kind::wallet_kind, currency, clock_timestamp()
FROM unnest($1::uuid[], $2::text[], $3::varchar[]) AS asked (id, kind, currency)
ON CONFLICT (id) DO UPDATE SET kind = own.kind
RETURNING id, kind::text, currency, balance, sequence, clock_timestamp() AS locked_at;

-- name: currency_revision
SELECT revision FROM currency_revision;

-- name: reservations
-- Those that are named, and those in these wallets that are over by $3.
SELECT operation_id, kind, wallet_id, account_id, state, asked, captured, refunded, remaining, debit, credit, ends_at
FROM reservations WHERE operation_id = ANY ($1::uuid[])
UNION
SELECT operation_id, kind, wallet_id, account_id, state, asked, captured, refunded, remaining, debit, credit, ends_at
FROM reservations WHERE wallet_id = ANY ($2::uuid[]) AND state = 'OPEN' AND ends_at <= $3;

-- name: shares
SELECT operation_id, number, wallet_id, amount, moved, refunded, returned
FROM shares WHERE operation_id = ANY ($1::uuid[])
ORDER BY operation_id, number;

-- name: lock_withdrawals
-- Only after their wallets. A worker holds one of these rows without its wallet, for no longer than it takes to claim it.
SELECT operation_id, wallet_id, account_id, destination, state, attempts, due_at
FROM withdrawals WHERE operation_id = ANY ($1::uuid[])
ORDER BY operation_id
FOR UPDATE;

-- name: still_queued
SELECT id FROM queued_operations WHERE id = ANY ($1::uuid[]);

-- name: committed_operations
-- Whether a batch whose COMMIT got no answer was committed: it was, if any of its operations is there, or is queued, or
-- was queued and is carried out by now.
SELECT id FROM operations WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id FROM queued_operations WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id FROM operations WHERE origin_id = ANY ($1::uuid[]) AND accepted_at IS NOT NULL
LIMIT 1;

-- name: write_batch
WITH moved AS (
    UPDATE wallets SET balance = new.balance, held = new.held, pending = new.pending, sequence = new.sequence
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
         AS new (id, balance, held, pending, sequence)
    WHERE wallets.id = new.id
), posted AS (
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT wallet_id, sequence, operation_id, amount, currency, balance_after, $6::timestamptz
    FROM unnest($7::uuid[], $8::bigint[], $9::uuid[], $10::bigint[], $11::varchar[], $12::bigint[])
         AS new (wallet_id, sequence, operation_id, amount, currency, balance_after)
)
INSERT INTO operations (id, kind, status, failure_code, account_id, summary, amount, currency,
                        source_id, target_id, debited, credited, rate, origin_id, due_at, accepted_at, created_at)
SELECT id, kind::operation_kind, status::operation_status, failure_code, account_id, summary, amount, currency,
       source_id, target_id, debited, credited, rate::numeric, origin_id, due_at, accepted_at, $6::timestamptz
FROM unnest($13::uuid[], $14::text[], $15::text[], $16::varchar[], $17::uuid[], $18::varchar[], $19::bigint[],
            $20::varchar[], $21::uuid[], $22::uuid[], $23::bigint[], $24::bigint[], $25::text[], $26::uuid[],
            $27::timestamptz[], $28::timestamptz[])
     AS new (id, kind, status, failure_code, account_id, summary, amount, currency,
             source_id, target_id, debited, credited, rate, origin_id, due_at, accepted_at);

-- name: end_operations
-- What was PENDING until now.
UPDATE operations SET status = new.status::operation_status, failure_code = new.failure_code, debited = new.debited
FROM unnest($1::uuid[], $2::text[], $3::varchar[], $4::bigint[]) AS new (id, status, failure_code, debited)
WHERE operations.id = new.id;

-- name: write_reservations
INSERT INTO reservations (operation_id, kind, wallet_id, account_id, state, asked, captured, refunded, remaining, debit,
                          credit, ends_at)
SELECT * FROM unnest($1::uuid[], $2::varchar[], $3::uuid[], $4::uuid[], $5::varchar[], $6::bigint[], $7::bigint[],
                     $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::timestamptz[])
ON CONFLICT (operation_id) DO UPDATE
SET state = EXCLUDED.state, captured = EXCLUDED.captured, refunded = EXCLUDED.refunded, remaining = EXCLUDED.remaining;

-- name: write_shares
INSERT INTO shares (operation_id, number, wallet_id, amount, moved, refunded, returned)
SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
ON CONFLICT (operation_id, number) DO UPDATE SET refunded = EXCLUDED.refunded, returned = EXCLUDED.returned;

-- name: write_withdrawals
INSERT INTO withdrawals (operation_id, wallet_id, account_id, destination, state, attempts, due_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::varchar[], $5::varchar[], $6::smallint[], $7::timestamptz[])
ON CONFLICT (operation_id) DO UPDATE SET state = EXCLUDED.state, due_at = EXCLUDED.due_at;

-- name: write_queued
-- In their order: the position is the order in which they are carried out.
INSERT INTO queued_operations (id, lane, wallet_id, kind, account_id, summary, amount, currency, source_id, target_id,
                               command, accepted_at)
SELECT id, lane, wallet_id, kind::operation_kind, account_id, summary, amount, currency, source_id, target_id,
       command::jsonb, $12::timestamptz
FROM unnest($1::uuid[], $2::smallint[], $3::uuid[], $4::text[], $5::uuid[], $6::varchar[], $7::bigint[], $8::varchar[],
            $9::uuid[], $10::uuid[], $11::text[]) WITH ORDINALITY
     AS new (id, lane, wallet_id, kind, account_id, summary, amount, currency, source_id, target_id, command, number)
ORDER BY number;

-- name: leave_queue
DELETE FROM queued_operations WHERE id = ANY ($1::uuid[]);

-- name: keep_rejections
-- A refusal is the first outcome of its key, to be given again word for word, also where it names too little to
-- be an operation.
UPDATE idempotency_keys SET rejection = new.rejection::jsonb
FROM unnest($1::uuid[], $2::varchar[], $3::text[]) AS new (account_id, key, rejection)
WHERE idempotency_keys.account_id = new.account_id AND idempotency_keys.key = new.key;
