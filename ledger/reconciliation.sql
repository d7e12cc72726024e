-- What `purser reconcile` proves. The name of each check says what is true where it returns nothing. It returns a
-- row for each fault: the wallet, the operation and the entry (its sequence) that it is about, null for none of
-- these; what is wrong there; what was expected and what was found, in minor units of `currency` where one is given.
-- Checks look at rows as they are, whatever the hour: what a reservation set aside stays so in both tables until the
-- wallet's next operation, however long it is over.

-- name: figures
SELECT clock_timestamp() AS taken_at, (SELECT count(*) FROM wallets) AS wallets,
       (SELECT count(*) FROM operations) AS operations, (SELECT count(*) FROM entries) AS entries;

-- name: openings
-- The one place that knows where histories begin: after how many entries of a wallet, and on what balance. A wallet
-- that is not here has all its entries, from sequence 1 on a balance of 0.
SELECT wallet_id, sequence, balance FROM archived_openings;

-- name: archived
-- Operations with an id below this one may be in an archive, with all their entries.
SELECT limit_id FROM archives WHERE detached_at IS NOT NULL;

-- name: entries_sum_to_zero_in_each_currency
SELECT NULL::uuid AS wallet_id, NULL::uuid AS operation_id, NULL::bigint AS entry,
       'sum of all entries' AS what, currency, 0 AS expected, sum(amount) AS found
FROM entries GROUP BY currency HAVING sum(amount) <> 0;

-- name: balances_sum_to_zero_in_each_currency
SELECT NULL::uuid AS wallet_id, NULL::uuid AS operation_id, NULL::bigint AS entry,
       'sum of all balances' AS what, currency, 0 AS expected, sum(balance) AS found
FROM wallets GROUP BY currency HAVING sum(balance) <> 0;

-- name: entries_of_each_operation_sum_to_zero
SELECT NULL::uuid AS wallet_id, operation_id, NULL::bigint AS entry,
       'sum of its entries' AS what, currency, 0 AS expected, sum(amount) AS found
FROM entries GROUP BY operation_id, currency HAVING sum(amount) <> 0;

-- name: no_operation_stands_twice_in_a_history
SELECT wallet_id, operation_id, NULL::bigint AS entry, 'number of entries' AS what, NULL AS currency,
       1 AS expected, count(*) AS found
FROM entries GROUP BY operation_id, wallet_id HAVING count(*) > 1;

-- name: wallets_agree_with_their_entries
SELECT id AS wallet_id, NULL::uuid AS operation_id, NULL::bigint AS entry, what, fault.currency, expected, found
FROM (
    SELECT w.id, w.currency AS code, w.balance, w.sequence,
           coalesce(opening.balance, 0) + coalesce(posted.amount, 0) AS amount,
           coalesce(opening.sequence, 0) + coalesce(posted.number, 0) AS number,
           coalesce(posted.last, opening.sequence, 0) AS last
    FROM wallets w
    LEFT JOIN (
        SELECT wallet_id, sum(amount) AS amount, count(*) AS number, max(sequence) AS last
        FROM entries GROUP BY wallet_id
    ) AS posted ON posted.wallet_id = w.id
    LEFT JOIN openings opening ON opening.wallet_id = w.id
) AS wallet
CROSS JOIN LATERAL (
    VALUES ('balance', code, amount, balance),
           ('sequence (the number of its entries)', NULL, number, sequence),
           ('sequence (that of its last entry)', NULL, last, sequence)
) AS fault (what, currency, expected, found)
WHERE (balance <> amount OR sequence <> number OR sequence <> last) AND expected <> found;

-- name: entries_follow_one_another
-- By sequence without a gap, on the balance that the entry before left, and not before it in time.
SELECT wallet_id, operation_id, entry, what, fault.currency, expected, found
FROM (
    SELECT wallet_id, operation_id, sequence AS entry, amount, currency AS code, balance_after, created_at,
           lag(sequence) OVER history AS sequence_before,
           lag(balance_after) OVER history AS balance_before,
           lag(created_at) OVER history AS created_before
    FROM entries WINDOW history AS (PARTITION BY wallet_id ORDER BY sequence)
) AS posted
LEFT JOIN openings opening USING (wallet_id)
CROSS JOIN LATERAL (
    SELECT coalesce(sequence_before, opening.sequence, 0)::numeric + 1 AS next,
           coalesce(balance_before, opening.balance, 0)::numeric + amount AS balance
) AS due
CROSS JOIN LATERAL (
    VALUES ('sequence', NULL, next::text, entry::text, entry <> next),
           -- Past a gap nobody knows.
           ('balance_after', code, due.balance::text, balance_after::text,
            entry = next AND balance_after <> due.balance),
           ('created_at', NULL, 'not before ' || created_before, created_at::text, created_at < created_before)
) AS fault (what, currency, expected, found, is_one)
WHERE (entry - 1 <> coalesce(sequence_before, 0) OR balance_after <> coalesce(balance_before, 0)::numeric + amount
       OR created_at < created_before)  -- all that may be one, before anything is joined
  AND is_one;

-- name: balances_are_what_the_last_entries_left
SELECT wallet_id, operation_id, e.sequence AS entry, 'balance_after' AS what, e.currency, balance AS expected,
       balance_after AS found
FROM entries e JOIN wallets w ON w.id = e.wallet_id AND w.sequence = e.sequence
WHERE balance_after <> balance;

-- name: entries_have_their_wallet
SELECT wallet_id, operation_id, e.sequence AS entry,
       CASE WHEN w.id IS NULL THEN 'wallet' ELSE 'currency' END AS what, NULL AS currency,
       coalesce(w.currency, 'there') AS expected,
       CASE WHEN w.id IS NULL THEN 'missing' ELSE e.currency END AS found
FROM entries e LEFT JOIN wallets w ON w.id = e.wallet_id
WHERE w.currency IS DISTINCT FROM e.currency;

-- name: entries_have_their_operation
SELECT wallet_id, operation_id, sequence AS entry,
       CASE WHEN o.id IS NULL THEN 'operation' ELSE 'created_at' END AS what, NULL AS currency,
       coalesce(o.created_at::text, 'there') AS expected,
       CASE WHEN o.id IS NULL THEN 'missing' ELSE e.created_at::text END AS found
FROM entries e LEFT JOIN operations o ON o.id = e.operation_id
WHERE o.created_at IS DISTINCT FROM e.created_at;

-- name: operations_moved_what_they_say
-- Each stands in the history of its source and of its target, with what it says left the one and reached the other;
-- one that moved nothing says nothing. What was accepted of a withdrawal says what the operation that ended it moved.
SELECT fault.wallet_id, id AS operation_id, NULL::bigint AS entry, what, fault.currency, expected, found
FROM operations o
LEFT JOIN entries source ON source.operation_id = o.id AND source.wallet_id = o.source_id
LEFT JOIN entries target ON target.operation_id = o.id AND target.wallet_id = o.target_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN kind = 'WITHDRAWAL' AND accepted_at IS NULL THEN 0 ELSE coalesce(debited, 0) END AS debited
) AS itself
CROSS JOIN LATERAL (
    VALUES (NULL, 'source or target', NULL, 'there', 'missing', source_id IS NULL AND target_id IS NULL),
           (source_id, 'entry of its source', NULL, 'there', 'missing',
            source_id IS NOT NULL AND source.amount IS NULL),
           (target_id, 'entry of its target', NULL, 'there', 'missing',
            target_id IS NOT NULL AND target.amount IS NULL),
           (source_id, 'debited', source.currency, (-source.amount::numeric)::text, itself.debited::text,
            source.amount <> -itself.debited),
           (target_id, 'credited', target.currency, target.amount::text, coalesce(credited, 0)::text,
            target.amount <> coalesce(credited, 0))
) AS fault (wallet_id, what, currency, expected, found, is_one)
WHERE ((source_id IS NULL AND target_id IS NULL)
       OR (source_id IS NOT NULL AND source.amount IS DISTINCT FROM -itself.debited)
       OR (target_id IS NOT NULL AND target.amount IS DISTINCT FROM coalesce(credited, 0)))
  AND is_one;

-- name: unconverted_operations_moved_their_amount
SELECT coalesce(source_id, target_id) AS wallet_id, id AS operation_id, NULL::bigint AS entry, 'amount' AS what, currency,
       moved AS expected, amount AS found
FROM operations
CROSS JOIN coalesce(CASE WHEN kind IN ('DEPOSIT', 'REFUND') THEN credited ELSE debited END, 0) AS moved
WHERE status = 'SUCCEEDED' AND rate IS NULL AND amount <> moved
  AND kind IN ('DEPOSIT', 'CHARGE', 'TRANSFER', 'REFUND', 'CAPTURE', 'WITHDRAWAL');

-- name: refused_operations_moved_nothing
SELECT wallet_id, operation_id, sequence AS entry, 'amount' AS what, e.currency, 0 AS expected, e.amount AS found
FROM operations o JOIN entries e ON e.operation_id = o.id
WHERE o.status = 'FAILED' AND e.amount <> 0;

-- name: nothing_of_a_holder_is_below_zero
SELECT id AS wallet_id, NULL::uuid AS operation_id, NULL::bigint AS entry, what, currency,
       'not below zero' AS expected, found
FROM wallets
CROSS JOIN LATERAL (
    VALUES ('available', balance::numeric - held - pending), ('held', held), ('pending', pending)
) AS part (what, found)
WHERE kind = 'HOLDER' AND found < 0
UNION ALL
SELECT wallet_id, operation_id, e.sequence, 'balance_after', e.currency, 'not below zero', balance_after
FROM entries e JOIN wallets w ON w.id = e.wallet_id
WHERE w.kind = 'HOLDER' AND balance_after < 0;

-- name: held_and_pending_are_what_is_open
SELECT w.id AS wallet_id, NULL::uuid AS operation_id, NULL::bigint AS entry, what, w.currency, expected, found
FROM wallets w
LEFT JOIN (
    SELECT wallet_id, sum(remaining) FILTER (WHERE kind IN ('AUTHORIZATION', 'WITHDRAWAL')) AS held,
           sum(remaining) FILTER (WHERE kind = 'DEPOSIT') AS pending
    FROM reservations WHERE state = 'OPEN' GROUP BY wallet_id
) AS open ON open.wallet_id = w.id
CROSS JOIN LATERAL (
    VALUES ('held', coalesce(open.held, 0), w.held), ('pending', coalesce(open.pending, 0), w.pending)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: reservations_have_their_operation
SELECT r.wallet_id, operation_id, NULL::bigint AS entry, what, NULL AS currency, expected, found
FROM reservations r
LEFT JOIN operations o ON o.id = r.operation_id
CROSS JOIN LATERAL (
    VALUES ('operation', 'there', CASE WHEN o.id IS NULL THEN 'missing' ELSE 'there' END),
           ('kind', o.kind::text, r.kind),
           ('status', CASE WHEN r.kind <> 'WITHDRAWAL' OR r.state = 'CAPTURED' THEN 'SUCCEEDED'
                           WHEN r.state = 'OPEN' THEN 'PENDING' ELSE 'FAILED' END, o.status::text),
           ('account_id', o.account_id::text, r.account_id::text),
           ('wallet_id', CASE o.kind WHEN 'DEPOSIT' THEN o.target_id ELSE o.source_id END::text, r.wallet_id::text),
           ('asked', o.amount::text, r.asked::text),
           ('ends_at', CASE WHEN o.id IS NOT NULL THEN coalesce(o.due_at::text, 'none') END, coalesce(r.ends_at::text, 'none'))
) AS part (what, expected, found)
WHERE expected <> found
  AND NOT (o.id IS NULL AND EXISTS (SELECT FROM archived WHERE r.operation_id < limit_id))
UNION ALL
SELECT coalesce(o.source_id, o.target_id), o.id, NULL, 'reservation', NULL, 'there', 'missing'
FROM operations o LEFT JOIN reservations r ON r.operation_id = o.id
WHERE r.operation_id IS NULL
  AND (o.due_at IS NOT NULL AND o.status = 'SUCCEEDED'
       -- One that was refused at once set nothing aside.
       OR o.kind = 'WITHDRAWAL' AND o.accepted_at IS NULL
          AND (o.status <> 'FAILED' OR o.failure_code IN ('CANCELLED', 'BANK_REFUSED')));

-- name: reservations_keep_what_was_not_captured
-- What remains and what has moved is a function of what was captured and not refunded (docs/adr/0007). All captures of
-- an operation that is not archived are there, and so are their refunds; a withdrawal is captured by the operation that
-- ended it. div() is exact.
SELECT r.wallet_id, operation_id, NULL::bigint AS entry, what, part.currency, expected, found
FROM reservations r
JOIN operations o ON o.id = r.operation_id
LEFT JOIN (
    SELECT captures.origin_id, sum(captures.amount) AS captured, sum(coalesce(back.amount, 0)) AS refunded,
           sum(captures.debited - coalesce(back.credited, 0)) AS paid,
           sum(captures.credited - coalesce(back.debited, 0)) AS got
    FROM operations captures
    LEFT JOIN (
        SELECT origin_id, sum(amount) AS amount, sum(debited) AS debited, sum(credited) AS credited
        FROM operations WHERE kind = 'REFUND' AND status = 'SUCCEEDED' GROUP BY origin_id
    ) AS back ON back.origin_id = captures.id
    WHERE (captures.kind = 'CAPTURE' OR captures.kind = 'WITHDRAWAL' AND captures.accepted_at IS NOT NULL)
      AND captures.status = 'SUCCEEDED'
    GROUP BY captures.origin_id
) AS moved ON moved.origin_id = r.operation_id
LEFT JOIN wallets s ON s.id = r.wallet_id
LEFT JOIN wallets t ON t.id = o.target_id
CROSS JOIN LATERAL (
    SELECT div(r.debit::numeric * (r.asked - r.refunded) + r.asked - 1, r.asked) AS most,
           div(r.debit::numeric * (r.captured - r.refunded) + r.asked - 1, r.asked) AS paid,
           div(r.credit::numeric * (r.captured - r.refunded), r.asked) AS got
) AS right_now
CROSS JOIN LATERAL (
    VALUES ('captured', o.currency, coalesce(moved.captured, 0), r.captured::numeric),
           ('refunded', o.currency, coalesce(moved.refunded, 0), r.refunded),
           ('set aside at first', s.currency,
            CASE WHEN r.kind = 'DEPOSIT' THEN o.credited WHEN o.rate IS NULL THEN o.amount ELSE r.debit END, r.debit),
           ('remaining', s.currency,
            CASE WHEN r.state <> 'OPEN' THEN 0 ELSE right_now.most - right_now.paid END, r.remaining),
           ('paid by all captures', s.currency, right_now.paid, coalesce(moved.paid, 0)),
           ('brought by all captures', t.currency, right_now.got, coalesce(moved.got, 0))
) AS part (what, currency, expected, found)
WHERE expected <> found;

-- name: shares_make_up_their_charge
SELECT NULL::uuid AS wallet_id, operation_id, NULL::bigint AS entry, what, currency, expected, found
FROM (
    SELECT s.operation_id, o.currency, o.amount,
           coalesce(sum(s.amount) FILTER (WHERE number = 0), 0) AS paid,
           coalesce(sum(s.amount) FILTER (WHERE number > 0), 0) AS got,
           coalesce(sum(s.refunded) FILTER (WHERE number = 0), 0) AS came_back,
           coalesce(sum(s.refunded) FILTER (WHERE number > 0), 0) AS went_back
    FROM shares s JOIN operations o ON o.id = s.operation_id
    GROUP BY s.operation_id, o.currency, o.amount
) AS charge
CROSS JOIN LATERAL (
    VALUES ('amount of the payer''s share', amount, paid), ('amount of the other shares', amount, got),
           ('refunded of the other shares', came_back, went_back)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: shares_moved_what_entries_say
SELECT s.wallet_id, s.operation_id, NULL::bigint AS entry, what, w.currency, expected, found
FROM shares s
JOIN operations o ON o.id = s.operation_id
LEFT JOIN wallets w ON w.id = s.wallet_id
LEFT JOIN entries e ON e.operation_id = s.operation_id AND e.wallet_id = s.wallet_id
LEFT JOIN (
    SELECT origin_id, wallet_id, sum(posted.amount) AS amount
    FROM operations refund JOIN entries posted ON posted.operation_id = refund.id
    WHERE kind = 'REFUND' GROUP BY origin_id, wallet_id
) AS refunds ON refunds.origin_id = s.operation_id AND refunds.wallet_id = s.wallet_id
-- The payer's share is what left; the others' are what arrived.
CROSS JOIN LATERAL (SELECT CASE number WHEN 0 THEN -1 ELSE 1 END AS sign) AS side
CROSS JOIN LATERAL (
    VALUES ('moved', sign * coalesce(e.amount, 0)::numeric, s.moved),
           -- What moves back of a capture is worked out over its authorization.
           ('returned', CASE o.kind WHEN 'CAPTURE' THEN 0 ELSE -sign * coalesce(refunds.amount, 0) END, s.returned)
) AS part (what, expected, found)
WHERE expected <> found;

-- name: shares_tell_of_all_refunds
SELECT NULL::uuid AS wallet_id, o.id AS operation_id, NULL::bigint AS entry, 'refunded' AS what, o.currency,
       coalesce(refunds.amount, 0) AS expected, coalesce(s.refunded, 0) AS found
FROM (
    SELECT origin_id, sum(amount) AS amount FROM operations
    WHERE kind = 'REFUND' AND status = 'SUCCEEDED' GROUP BY origin_id
) AS refunds
FULL JOIN (SELECT operation_id, refunded FROM shares WHERE number = 0) AS s ON s.operation_id = refunds.origin_id
JOIN operations o ON o.id = coalesce(refunds.origin_id, s.operation_id)
WHERE coalesce(refunds.amount, 0) <> coalesce(s.refunded, 0);

-- name: operations_that_others_go_back_to_are_there
-- A refund goes back to a charge, a capture and a release to an authorization; shares are those of a charge.
SELECT NULL::uuid AS wallet_id, named.operation_id, NULL::bigint AS entry, named.what, NULL AS currency, expected,
       coalesce(o.status || ' ' || o.kind, 'missing') AS found
FROM (
    SELECT id AS operation_id, 'operation that it goes back to' AS what, origin_id AS id,
           CASE kind WHEN 'REFUND' THEN 'SUCCEEDED CHARGE or CAPTURE' ELSE 'SUCCEEDED AUTHORIZATION' END AS expected
    FROM operations WHERE kind IN ('REFUND', 'CAPTURE', 'RELEASE')
    UNION ALL
    SELECT DISTINCT operation_id, 'operation of its shares', operation_id, 'SUCCEEDED CHARGE or CAPTURE' FROM shares
) AS named
LEFT JOIN operations o ON o.id = named.id
WHERE (o.id IS NULL OR o.status <> 'SUCCEEDED' OR position(o.kind::text IN expected) = 0)
  AND NOT (o.id IS NULL AND EXISTS (SELECT FROM archived WHERE named.id < limit_id));
