"""Reading the history back by time: which entries were there at an instant."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- Between which ids operations of a span of time are found. An id is of the time when the operation was asked
        -- for, by the clock of the process that was asked: within a day of the database's, by which it was decided.
        -- Null is no bound.
        CREATE FUNCTION ledger_ids_from(instant timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT ledger_uuid_floor(greatest(instant - interval '1 day', '1970-01-01Z'))
        $$;
        CREATE FUNCTION ledger_ids_until(instant timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
            SELECT CASE WHEN instant IS NULL THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff'
                   ELSE ledger_uuid_floor(greatest(least(instant, '9999-12-30Z') + interval '1 day', '1970-01-01Z')) END
        $$;

        CREATE FUNCTION ledger_entries_before(of_wallet uuid, instant timestamptz) RETURNS bigint
        LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
        -- How many entries the wallet had before that instant, and so the sequence of the last of them. Sequences
        -- have no gap and times never run backwards along them, so that halving finds it: 24 rows are looked at among
        -- ten million, without an index by time that every charge would pay for.
        DECLARE
            low      bigint := 0;  -- all up to here are before the instant
            high     bigint;       -- all from here on are not
            middle   bigint;
            found    timestamptz;
            earliest timestamptz;  -- of all between
            latest   timestamptz;
        BEGIN
            SELECT sequence + 1, created_at INTO high, earliest FROM wallets WHERE id = of_wallet;
            WHILE high - low > 1 LOOP
                middle := low + (high - low) / 2;
                -- The bounds close in with the search, and leave out partitions.
                SELECT created_at INTO found FROM entries
                WHERE wallet_id = of_wallet AND sequence = middle
                  AND operation_id BETWEEN ledger_ids_from(earliest) AND ledger_ids_until(latest);
                -- What was archived was before all that is here.
                IF found IS NULL OR found < instant THEN
                    low := middle;
                    earliest := coalesce(found, earliest);
                ELSE
                    high := middle;
                    latest := found;
                END IF;
            END LOOP;
            RETURN low;
        END
        $$;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP FUNCTION ledger_entries_before, ledger_ids_until, ledger_ids_from;
    """
