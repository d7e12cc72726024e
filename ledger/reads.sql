-- What is read back. Nothing here locks, and every list is bounded and paged by a key. Lists are written
-- newest first; the other direction is the same statement with every DESC turned to ASC. `wallet` and
-- `operation` have the fields of WalletView and Operation (ledger/outcomes.py), in their order.

-- part: wallet
id, owner_id, token_secret, name, country, city, currency, status, balance, held, pending, created_at

-- part: operation
o.id, o.kind::text, o.status::text, o.failure_code, o.account_id, o.summary, o.amount, o.currency,
       o.source_id, o.target_id, o.debited, o.credited, o.rate::text, o.origin_id, o.due_at, o.accepted_at, o.created_at,
       s.currency, t.currency

-- part: matching
-- Part of the statements that list operations: of those kinds ($4) and statuses ($5), of an amount from $8 to $9 in
-- the operation's own currency, with wallet $10 on one side, and with $11 in the summary. Null is no condition.
($4::text[] IS NULL OR o.kind::text = ANY ($4)) AND ($5::text[] IS NULL OR o.status::text = ANY ($5))
  AND ($8::numeric IS NULL OR o.amount >= $8 * (SELECT 10::numeric ^ exponent FROM currencies WHERE code = o.currency))
  AND ($9::numeric IS NULL OR o.amount <= $9 * (SELECT 10::numeric ^ exponent FROM currencies WHERE code = o.currency))
  AND ($10::uuid IS NULL OR o.source_id = $10 OR o.target_id = $10)
  AND ($11::text IS NULL OR strpos(lower(o.summary), lower($11)) > 0)

-- name: wallets_by_id
SELECT {wallet}
FROM holders_now WHERE id = ANY ($1::uuid[]);

-- name: wallets
-- Ids between $1 and $2, both left out, in those currencies and states, with $5 in the name.
SELECT {wallet}
FROM holders_now
WHERE id > $1 AND id < $2
  AND ($3::text[] IS NULL OR currency = ANY ($3)) AND ($4::text[] IS NULL OR status = ANY ($4))
  AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
ORDER BY id DESC LIMIT $6;

-- name: wallets_of_owner
-- The same of owner $7. A statement of its own, so that its plan begins with the owner, whoever it is made for.
SELECT {wallet}
FROM holders_now
WHERE owner_id = $7 AND id > $1 AND id < $2
  AND ($3::text[] IS NULL OR currency = ANY ($3)) AND ($4::text[] IS NULL OR status = ANY ($4))
  AND ($5::text IS NULL OR strpos(lower(name), lower($5)) > 0)
ORDER BY id DESC LIMIT $6;

-- name: count_wallets
SELECT count(*) FROM wallets
WHERE kind = 'HOLDER'
  AND ($1::text[] IS NULL OR currency = ANY ($1)) AND ($2::text[] IS NULL OR status::text = ANY ($2))
  AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0);

-- name: count_wallets_of_owner
SELECT count(*) FROM wallets
WHERE owner_id = $4
  AND ($1::text[] IS NULL OR currency = ANY ($1)) AND ($2::text[] IS NULL OR status::text = ANY ($2))
  AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0);

-- name: only_wallet
-- The one wallet that needs no naming when money comes to this owner.
SELECT id FROM wallets WHERE owner_id = $1 AND only_one AND status <> 'CLOSED' LIMIT 1;

-- name: wallet_references
-- How wallets look to others: whose they are, and the token for those who may see it.
SELECT wallets.id, wallets.owner_id, wallets.token_secret,
       coalesce(companies.name, clients.first_name || ' ' || left(clients.last_name, 1) || '.', '(deleted)') AS owner_name,
       wallets.token_rotated_at
FROM wallets
LEFT JOIN companies ON companies.account_id = wallets.owner_id
LEFT JOIN clients ON clients.account_id = wallets.owner_id
WHERE wallets.id = ANY ($1::uuid[]);

-- name: operations_by_id
-- With the accounts that may see each: who asked, who paid, who was paid, and who got a part. What was queued is found
-- by the id under which it was accepted, whether it waits or is carried out; a withdrawal as what was accepted.
SELECT {operation},
       s.owner_id AS source_owner_id, t.owner_id AS target_owner_id, shared.owner_ids AS share_owner_ids
FROM (
    SELECT id, kind, status, failure_code, account_id, summary, amount, currency, source_id, target_id, debited, credited,
           rate, origin_id, due_at, accepted_at, created_at
    FROM operations WHERE id = ANY ($1::uuid[])
    UNION ALL
    SELECT id, kind, status, failure_code, account_id, summary, amount, currency, source_id, target_id, debited, credited,
           rate, origin_id, due_at, accepted_at, created_at
    FROM operations o
    WHERE origin_id = ANY ($1::uuid[]) AND accepted_at IS NOT NULL
      -- Its end is what is left of a withdrawal whose beginning is archived.
      AND (kind <> 'WITHDRAWAL' OR NOT EXISTS (SELECT FROM operations WHERE id = o.origin_id))
    UNION ALL
    SELECT id, kind, 'PENDING', NULL, account_id, summary, amount, currency, source_id, target_id, NULL, NULL,
           NULL, NULL, NULL, NULL, accepted_at
    FROM queued_operations WHERE id = ANY ($1::uuid[])
) AS o
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
LEFT JOIN LATERAL (
    SELECT array_agg(w.owner_id) AS owner_ids
    FROM shares JOIN wallets w ON w.id = shares.wallet_id WHERE shares.operation_id IN (o.id, o.origin_id)
) AS shared ON o.kind IN ('CHARGE', 'REFUND');

-- name: never_archived
SELECT id FROM unnest($1::uuid[]) AS id
WHERE NOT EXISTS (SELECT FROM archives WHERE detached_at IS NOT NULL AND limit_id > id);

-- name: shares
SELECT operation_id, number, wallet_id, wallets.owner_id, wallets.currency, amount, moved, refunded, returned
FROM shares JOIN wallets ON wallets.id = wallet_id
WHERE operation_id = ANY ($1::uuid[])
ORDER BY operation_id, number;

-- name: reservations
-- As they stand now, whether or not the row says so yet.
SELECT operation_id, kind,
       CASE WHEN state = 'OPEN' AND ends_at <= clock_timestamp() THEN 'ENDED' ELSE state END AS state,
       asked, captured, CASE WHEN ends_at <= clock_timestamp() THEN 0 ELSE remaining END AS remaining, ends_at
FROM reservations WHERE operation_id = ANY ($1::uuid[]);

-- name: withdrawals
-- With the attempts as JSON, in their order.
SELECT w.operation_id, w.state, w.destination,
       coalesce((SELECT json_agg(json_build_array(number, started_at, ended_at, result) ORDER BY number)
                 FROM withdrawal_attempts a WHERE a.operation_id = w.operation_id), '[]') AS attempts
FROM withdrawals w WHERE w.operation_id = ANY ($1::uuid[]);

-- name: withdrawn
-- The operations of withdrawals that are in one of the states $1 now; ids between $2 and $3, both left out.
SELECT {operation}
FROM withdrawals w
JOIN operations o ON o.id = w.operation_id
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
WHERE ($1::text[] IS NULL OR w.state = ANY ($1)) AND w.operation_id > $2 AND w.operation_id < $3
ORDER BY w.operation_id DESC LIMIT $4;

-- name: withdrawn_by
-- The same of those that account $5 asked for. A statement of its own, so that its plan begins with the account.
SELECT {operation}
FROM withdrawals w
JOIN operations o ON o.id = w.operation_id
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
WHERE w.account_id = $5
  AND ($1::text[] IS NULL OR w.state = ANY ($1)) AND w.operation_id > $2 AND w.operation_id < $3
ORDER BY w.operation_id DESC LIMIT $4;

-- name: reserved
-- Operations with a reservation of kind $1, in wallet $2 and made by account $3 (null: all), now in one of the
-- states $4; ids between $5 and $6, both left out.
SELECT {operation}
FROM reservations r
JOIN operations o ON o.id = r.operation_id
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
WHERE r.kind = $1 AND ($2::uuid IS NULL OR r.wallet_id = $2) AND ($3::uuid IS NULL OR r.account_id = $3)
  AND ($4::text[] IS NULL OR CASE
      WHEN r.state = 'OPEN' AND r.ends_at <= clock_timestamp() THEN 'ENDED' ELSE r.state END = ANY ($4))
  AND r.operation_id > $5 AND r.operation_id < $6
ORDER BY r.operation_id DESC LIMIT $7;

-- name: history
-- $1: the wallet; entries with $2 < sequence < $3, from $6 to before $7. OFFSET 0 has the operations looked up one by
-- one: a filter that seems to let little through would have the planner go through all of them first.
SELECT {operation},
       e.sequence AS sequence, e.amount AS change, e.balance_after AS balance_after
FROM entries e
CROSS JOIN LATERAL (SELECT * FROM operations WHERE id = e.operation_id OFFSET 0) AS o
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
WHERE e.wallet_id = $1
  AND e.sequence > greatest($2, (SELECT ledger_entries_before($1, $6)))
  AND e.sequence < least($3, (SELECT ledger_entries_before($1, $7)) + 1)
  AND e.operation_id BETWEEN ledger_ids_from($6) AND ledger_ids_until($7)
  AND $10 IS DISTINCT FROM $1
  AND {matching}
ORDER BY e.sequence DESC LIMIT $12;

-- name: count_history
-- As many as `history` would list.
SELECT count(*)
FROM entries e
JOIN operations o ON o.id = e.operation_id
WHERE e.wallet_id = $1
  AND e.sequence > greatest($2, (SELECT ledger_entries_before($1, $6)))
  AND e.sequence < least($3, (SELECT ledger_entries_before($1, $7)) + 1)
  AND e.operation_id BETWEEN ledger_ids_from($6) AND ledger_ids_until($7)
  AND $10 IS DISTINCT FROM $1
  AND {matching};

-- name: operations
-- $1: the wallets, or null for every operation there is; ids between $2 and $3, both left out, from $6 to before $7.
SELECT {operation}
FROM operations o
LEFT JOIN wallets s ON s.id = o.source_id
LEFT JOIN wallets t ON t.id = o.target_id
WHERE o.id > $2 AND o.id < $3
  -- A withdrawal is listed once, as what was accepted.
  AND NOT (o.kind = 'WITHDRAWAL' AND o.accepted_at IS NOT NULL)
  AND o.id BETWEEN ledger_ids_from($6) AND ledger_ids_until($7)
  AND ($6::timestamptz IS NULL OR o.created_at >= $6) AND ($7::timestamptz IS NULL OR o.created_at < $7)
  AND {matching}
  AND ($1::uuid[] IS NULL OR o.id IN (
      -- Of each wallet no more than a page can show, so that the merge is bounded.
      SELECT mine.operation_id
      FROM unnest($1) AS wallet (id) CROSS JOIN LATERAL (
          SELECT e.operation_id FROM entries e
          CROSS JOIN LATERAL (SELECT * FROM operations WHERE id = e.operation_id OFFSET 0) AS o
          WHERE e.wallet_id = wallet.id AND $10 IS DISTINCT FROM wallet.id AND e.operation_id > $2 AND e.operation_id < $3
            AND NOT (o.kind = 'WITHDRAWAL' AND o.accepted_at IS NOT NULL)
            AND e.operation_id BETWEEN ledger_ids_from($6) AND ledger_ids_until($7)
            AND ($6::timestamptz IS NULL OR o.created_at >= $6) AND ($7::timestamptz IS NULL OR o.created_at < $7)
            AND {matching}
          ORDER BY e.operation_id DESC LIMIT $12
      ) AS mine
  ))
ORDER BY o.id DESC LIMIT $12;
