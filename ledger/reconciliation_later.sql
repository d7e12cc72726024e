-- More of what `purser reconcile` proves, as reconciliation.sql tells it: of what is accepted now and done
-- later, and of the keys that lead to it.

-- name: withdrawals_agree_with_their_operation
-- The state that the bank brought it to, the operation that was accepted, and what that still holds.
SELECT w.wallet_id, w.operation_id, NULL::bigint AS entry, what, NULL AS currency, expected, found
FROM withdrawals w
LEFT JOIN operations o ON o.id = w.operation_id
LEFT JOIN reservations r ON r.operation_id = w.operation_id
CROSS JOIN LATERAL (
    VALUES ('operation of a withdrawal', 'there', CASE WHEN o.id IS NULL THEN 'missing' ELSE 'there' END),
           ('kind', 'WITHDRAWAL', o.kind::text),
           ('status', CASE w.state WHEN 'SUCCEEDED' THEN 'SUCCEEDED' WHEN 'FAILED' THEN 'FAILED'
                                   WHEN 'CANCELLED' THEN 'FAILED' ELSE 'PENDING' END, o.status::text),
           ('failure_code', CASE w.state WHEN 'CANCELLED' THEN 'CANCELLED' WHEN 'FAILED' THEN 'BANK_REFUSED' ELSE 'none' END,
            CASE WHEN o.id IS NOT NULL THEN coalesce(o.failure_code, 'none') END),
           ('account_id', o.account_id::text, w.account_id::text),
           ('wallet_id', o.source_id::text, w.wallet_id::text),
           ('state of its reservation', CASE w.state WHEN 'SUCCEEDED' THEN 'CAPTURED' WHEN 'FAILED' THEN 'RELEASED'
                                                     WHEN 'CANCELLED' THEN 'RELEASED' ELSE 'OPEN' END,
            coalesce(r.state, 'missing'))
) AS part (what, expected, found)
WHERE expected <> found
  AND NOT (o.id IS NULL AND EXISTS (SELECT FROM archived WHERE w.operation_id < limit_id))
UNION ALL
SELECT o.source_id, o.id, NULL, 'withdrawal', NULL, 'there', 'missing'
FROM operations o LEFT JOIN withdrawals w ON w.operation_id = o.id
WHERE w.operation_id IS NULL AND o.kind = 'WITHDRAWAL' AND o.accepted_at IS NULL
  AND (o.status = 'SUCCEEDED' OR o.failure_code IN ('CANCELLED', 'BANK_REFUSED'));

-- name: pending_operations_are_withdrawals
-- Nothing else is under way in this table; whether a withdrawal still is, is seen above.
SELECT coalesce(source_id, target_id) AS wallet_id, id AS operation_id, NULL::bigint AS entry, 'status' AS what,
       NULL AS currency, 'of a withdrawal' AS expected, 'PENDING' AS found
FROM operations o
WHERE status = 'PENDING' AND NOT EXISTS (SELECT FROM withdrawals w WHERE w.operation_id = o.id);

-- name: withdrawals_ended_once
-- By one operation that says when it was accepted, and moved what was asked for. An archived one may have taken its end
-- along.
SELECT w.wallet_id, w.operation_id, NULL::bigint AS entry, 'number of its ends' AS what, NULL AS currency,
       expected::text, found::text
FROM withdrawals w
LEFT JOIN (
    SELECT origin_id, count(*) AS number FROM operations
    WHERE kind = 'WITHDRAWAL' AND accepted_at IS NOT NULL GROUP BY origin_id
) AS ends ON ends.origin_id = w.operation_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN state IN ('PENDING', 'SENT', 'UNKNOWN') THEN 0 ELSE 1 END AS expected,
           coalesce(ends.number, 0) AS found
) AS part
WHERE expected <> found
  AND NOT (found = 0 AND EXISTS (SELECT FROM archived WHERE w.operation_id < limit_id))
UNION ALL
SELECT e.source_id, e.id, NULL, what, part.currency, expected, found
FROM operations e
LEFT JOIN withdrawals w ON w.operation_id = e.origin_id
LEFT JOIN operations o ON o.id = e.origin_id
LEFT JOIN wallets s ON s.id = e.source_id
CROSS JOIN LATERAL (
    VALUES ('withdrawal that it ended', NULL, 'there', CASE WHEN w.operation_id IS NULL THEN 'missing' ELSE 'there' END),
           ('status', NULL, CASE w.state WHEN 'SUCCEEDED' THEN 'SUCCEEDED' WHEN 'FAILED' THEN 'FAILED'
                                         WHEN 'CANCELLED' THEN 'FAILED' END, e.status::text),
           ('failure_code', NULL, coalesce(o.failure_code, CASE WHEN o.id IS NOT NULL THEN 'none' END),
            coalesce(e.failure_code, 'none')),
           ('account_id', NULL, w.account_id::text, e.account_id::text),
           ('source', NULL, w.wallet_id::text, coalesce(e.source_id::text, 'none')),
           ('currency', NULL, o.currency, e.currency),
           ('amount', o.currency, o.amount::text, e.amount::text),
           ('debited', s.currency, CASE WHEN o.id IS NOT NULL THEN coalesce(o.debited, 0) END::text,
            coalesce(e.debited, 0)::text),
           ('accepted_at', NULL, o.created_at::text, e.accepted_at::text)
) AS part (what, currency, expected, found)
WHERE e.kind = 'WITHDRAWAL' AND e.accepted_at IS NOT NULL AND expected <> found;

-- name: withdrawals_count_their_attempts
SELECT w.wallet_id, operation_id, NULL::bigint AS entry, what, NULL AS currency, expected, found
FROM withdrawals w
FULL JOIN (
    SELECT operation_id, count(*) AS number, max(number) AS last FROM withdrawal_attempts GROUP BY operation_id
) AS made USING (operation_id)
CROSS JOIN LATERAL (
    VALUES ('withdrawal of its attempts', 'there', CASE WHEN w.wallet_id IS NULL THEN 'missing' ELSE 'there' END),
           ('attempts', coalesce(made.number, 0)::text, w.attempts::text),
           ('number of its last attempt', made.number::text, made.last::text)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: queued_operations_have_their_wallets
-- The one whose order is kept pays, or the deposit is for it; it says the lane.
SELECT q.wallet_id, q.id AS operation_id, NULL::bigint AS entry, what, NULL AS currency, expected, found
FROM queued_operations q
LEFT JOIN wallets own ON own.id = q.wallet_id
LEFT JOIN wallets s ON s.id = q.source_id
LEFT JOIN wallets t ON t.id = q.target_id
CROSS JOIN LATERAL (
    VALUES ('wallet_id', coalesce(CASE q.kind WHEN 'DEPOSIT' THEN q.target_id ELSE q.source_id END::text, 'none'),
            q.wallet_id::text),
           ('wallet', 'there', CASE WHEN own.id IS NULL THEN 'missing' ELSE 'there' END),
           ('source', 'there', CASE WHEN s.id IS NULL AND q.source_id IS NOT NULL THEN 'missing' ELSE 'there' END),
           ('target', 'there', CASE WHEN t.id IS NULL AND q.target_id IS NOT NULL THEN 'missing' ELSE 'there' END),
           ('lane', own.lane::text, q.lane::text)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: accepted_operations_are_carried_out_once
-- What was queued waits, or one operation says that it was carried out.
SELECT coalesce(o.source_id, o.target_id) AS wallet_id, o.id AS operation_id, NULL::bigint AS entry, what, NULL AS currency,
       expected, found
FROM (
    SELECT *, count(*) OVER (PARTITION BY origin_id) AS number
    FROM operations WHERE accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'
) AS o
LEFT JOIN queued_operations q ON q.id = o.origin_id
CROSS JOIN LATERAL (
    VALUES ('operation that was accepted', 'named', CASE WHEN o.origin_id IS NULL THEN 'not named' ELSE 'named' END),
           ('place in the queue', 'none', CASE WHEN q.id IS NULL THEN 'none' ELSE 'number ' || q.position END),
           ('times it was carried out', '1', CASE WHEN o.origin_id IS NULL THEN '1' ELSE number::text END)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: keys_name_an_operation_of_their_account
-- Where nothing could be recorded the key tells why, and there is no operation of that id. What was queued is there by
-- the id under which it was accepted, whether it waits or is carried out.
SELECT NULL::uuid AS wallet_id, operation_id, NULL::bigint AS entry,
       'operation of a key of account ' || k.account_id AS what, NULL AS currency,
       CASE WHEN o.id IS NULL THEN 'there' WHEN o.account_id <> k.account_id THEN 'of that account'
            ELSE 'refused, as the key says' END AS expected,
       CASE WHEN o.id IS NULL THEN 'missing' WHEN o.account_id <> k.account_id THEN 'of account ' || o.account_id
            ELSE o.status::text END AS found
FROM idempotency_keys k
LEFT JOIN (
    SELECT id, account_id, status FROM operations
    UNION ALL
    SELECT origin_id, account_id, status FROM operations WHERE accepted_at IS NOT NULL AND kind <> 'WITHDRAWAL'
    UNION ALL
    SELECT id, account_id, 'PENDING' FROM queued_operations
) AS o ON o.id = k.operation_id
WHERE CASE WHEN o.id IS NULL THEN k.rejection IS NULL
           ELSE o.account_id <> k.account_id OR (o.status <> 'FAILED' AND k.rejection IS NOT NULL) END
  AND NOT (o.id IS NULL AND EXISTS (SELECT FROM archived WHERE operation_id < limit_id));
