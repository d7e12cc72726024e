"""Finding accounts by a part of their e-mail address or name, among any number of them."""

from unicodedata import normalize
from uuid import UUID

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


_TEXTS = """
    SELECT a.id, concat_ws(E'\\n', a.email_key,
        coalesce(clients.first_name || ' ' || clients.last_name, companies.first_name || ' ' || companies.last_name),
        companies.name) AS text
    FROM accounts AS a
    LEFT JOIN clients ON clients.account_id = a.id
    LEFT JOIN companies ON companies.account_id = a.id
    WHERE a.deleted_at IS NULL AND a.id > $1::uuid ORDER BY a.id LIMIT 10000
"""
_KEEP = """
    UPDATE accounts SET searched = folded.text FROM unnest($1::uuid[], $2::text[]) AS folded (id, text)
    WHERE accounts.id = folded.id
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    # What a search looks at: the e-mail address, the name and the company's name, a line each and folded to one case as
    # auth/profile_rules.py does it, which no lower() does. Nothing where the account is deleted.
    await db.execute_script("ALTER TABLE accounts ADD COLUMN searched text NOT NULL DEFAULT ''")
    last_id = UUID(int=0)
    while rows := await db.execute_query_dict(_TEXTS, [last_id]):
        ids = [row["id"] for row in rows]
        await db.execute_query(_KEEP, [ids, [normalize("NFC", row["text"].casefold()) for row in rows]])
        last_id = ids[-1]
    return """
        -- Every three characters in a row. A text can only be part of another if all of its own are among the other's;
        -- pg_trgm does the same, where it is installed.
        CREATE FUNCTION search_trigrams(searched text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            SELECT array_agg(DISTINCT substr(searched, at, 3)) FROM generate_series(1, length(searched) - 2) AS at
        $$;
        CREATE INDEX accounts_searched ON accounts USING gin (search_trigrams(searched));

        CREATE FUNCTION search_accounts(looked_for text)
        RETURNS TABLE (id uuid, role varchar, created_at timestamptz) LANGUAGE sql STABLE STRICT
        -- Where the planner takes a text for a frequent one, it would work out the trigrams of every account, at 30 us
        -- each, rather than ask the index that has them. The memory is for the index's answer: some 10 million accounts.
        SET enable_seqscan = off SET enable_indexscan = off SET work_mem = '64MB' AS $$
            -- The accounts with this in their text, which has three characters or more and is folded as `searched` is.
            SELECT accounts.id, accounts.role, accounts.created_at FROM accounts
            WHERE search_trigrams(searched) @> search_trigrams(looked_for) AND strpos(searched, looked_for) > 0
        $$;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP FUNCTION search_accounts;
        ALTER TABLE accounts DROP COLUMN searched;
        DROP FUNCTION search_trigrams;
    """
