-- Counting what wallets had to do, and moving them between lanes.

-- name: lanes
SELECT lane, count(*) FROM wallets WHERE kind = 'HOLDER' GROUP BY lane ORDER BY lane;

-- name: activity
-- Wallets that had operations within $1 by the database's clock, or have some waiting, or are in lanes above $2; and how
-- many. An operation counts for the wallet in whose order it is carried out where it is queued: the one that pays, or
-- that a deposit is for. What waits counts whenever it was accepted, as it is what lanes have to do next. How a
-- withdrawal ended is a row of its own, and no operation more.
WITH counted AS MATERIALIZED (
    SELECT wallet_id, sum(operations)::bigint AS operations, sum(waiting)::integer AS waiting
    FROM (
        SELECT coalesce(source_id, target_id) AS wallet_id, count(*) AS operations, 0 AS waiting
        FROM operations
        -- Ids are of the time when something was asked for, by the clock of whoever was: an hour is room enough here.
        WHERE created_at > now() - $1::interval AND id >= ledger_uuid_floor(now() - $1::interval - interval '1 hour')
          AND NOT (kind = 'WITHDRAWAL' AND accepted_at IS NOT NULL)
        GROUP BY 1
        UNION ALL
        SELECT wallet_id, count(*), count(*) FROM queued_operations GROUP BY wallet_id
    ) AS each
    GROUP BY wallet_id
)
SELECT wallets.id, wallets.lane, coalesce(counted.operations, 0) AS operations, coalesce(counted.waiting, 0) AS waiting
FROM wallets LEFT JOIN counted ON counted.wallet_id = wallets.id
WHERE wallets.kind = 'HOLDER' AND (counted.wallet_id IS NOT NULL OR wallets.lane > $2::integer);

-- name: lock_wallet
SELECT id FROM wallets WHERE id = ANY ($1::uuid[]) AND kind = 'HOLDER' FOR NO KEY UPDATE;

-- name: move
-- A statement of its own, so that it sees what was queued before the locks were granted. With the wallets locked nothing
-- is queued for them and nothing carried out.
WITH new AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::smallint[]) AS new (wallet_id, lane)
), moved AS (
    UPDATE wallets SET lane = new.lane FROM new WHERE wallets.id = new.wallet_id
)
UPDATE queued_operations SET lane = new.lane FROM new WHERE queued_operations.wallet_id = new.wallet_id;
