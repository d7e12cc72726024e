-- Finding accounts. Lists are written newest first; the other direction is the same statement with every DESC
-- turned to ASC.

-- name: scan
-- Ids between $1 and $2, both left out, of those roles, made from $4 to before $5, with $6 in their text. Looks at the
-- first $8 accounts alone, or at all where that is null.
SELECT id
FROM (
    SELECT id, role, created_at, searched FROM accounts WHERE id > $1 AND id < $2 ORDER BY id DESC LIMIT $8
) AS next
WHERE ($3::text[] IS NULL OR role = ANY ($3))
  AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at < $5)
  AND ($6::text IS NULL OR strpos(searched, $6) > 0)
ORDER BY id DESC LIMIT $7;

-- name: find
-- The same by the index, for a text of three characters or more.
SELECT id
FROM search_accounts($6)
WHERE id > $1 AND id < $2 AND ($3::text[] IS NULL OR role = ANY ($3))
  AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at < $5)
ORDER BY id DESC LIMIT $7;

-- name: count
SELECT count(*) FROM accounts
WHERE ($1::text[] IS NULL OR role = ANY ($1))
  AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::timestamptz IS NULL OR created_at < $3)
  AND ($4::text IS NULL OR strpos(searched, $4) > 0);

-- name: count_found
SELECT count(*) FROM search_accounts($4)
WHERE ($1::text[] IS NULL OR role = ANY ($1))
  AND ($2::timestamptz IS NULL OR created_at >= $2) AND ($3::timestamptz IS NULL OR created_at < $3);
