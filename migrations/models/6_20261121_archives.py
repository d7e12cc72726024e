"""Archives: periods of the ledger that were written to a file and taken out of the tables."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- One row for each period that was written to a file. It is gone from the tables once `detached_at` is set.
        CREATE TABLE archives (
            period         varchar(6) PRIMARY KEY CHECK (period ~ '^[0-9]{6}$'),  -- as the partitions' names have it
            -- The partitions' bounds: ids from the one to below the other.
            lowest_id      uuid NOT NULL,
            limit_id       uuid NOT NULL,
            -- What was decided from this instant on stayed, whatever its id. Times never run backwards within a
            -- wallet, so what went is the beginning of each history.
            decided_before timestamptz NOT NULL,
            file_name      text NOT NULL,
            operations     bigint NOT NULL CHECK (operations >= 0),
            entries        bigint NOT NULL CHECK (entries >= 0),
            sha256         bytea NOT NULL,  -- of the file's lines before the last one
            archived_at    timestamptz NOT NULL,
            detached_at    timestamptz
        );
        -- What each wallet's history now begins after: the sequence of the last entry that is gone, and the balance
        -- after it. A wallet without a row has all its entries here.
        CREATE TABLE archived_openings (
            wallet_id uuid PRIMARY KEY,
            sequence  bigint NOT NULL CHECK (sequence > 0),
            balance   bigint NOT NULL
        );
        CREATE TRIGGER archives_never_emptied BEFORE TRUNCATE ON archives EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER archived_openings_never_emptied BEFORE TRUNCATE ON archived_openings
            EXECUTE FUNCTION ledger_refuse_change();

        CREATE FUNCTION ledger_partition_key(parent text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE parent WHEN 'entries' THEN 'operation_id' ELSE 'id' END
        $$;

        CREATE FUNCTION ledger_lock_partitioned() RETURNS void LANGUAGE sql AS $$
            -- Whoever reads or writes either table waits from here to the end of the transaction.
            LOCK TABLE ONLY operations, ONLY entries, operations_default, entries_default IN ACCESS EXCLUSIVE MODE
        $$;

        CREATE FUNCTION ledger_set_apart(of_period text) RETURNS void LANGUAGE plpgsql AS $$
        -- What may take long about a detachment and stops nobody: finds what is to stay, and where each wallet's
        -- history is going to begin.
        DECLARE
            gone archives;
        BEGIN
            SELECT * INTO STRICT gone FROM archives WHERE period = of_period;
            EXECUTE format('CREATE TEMPORARY TABLE staying_operations ON COMMIT DROP AS '
                           'SELECT * FROM %I WHERE created_at >= $1', 'operations_' || of_period)
                USING gone.decided_before;
            EXECUTE format('CREATE TEMPORARY TABLE staying_entries ON COMMIT DROP AS '
                           'SELECT * FROM %I WHERE created_at >= $1', 'entries_' || of_period)
                USING gone.decided_before;
            INSERT INTO archived_openings (wallet_id, sequence, balance)
            SELECT DISTINCT ON (wallet_id) wallet_id, sequence, balance_after
            FROM entries WHERE operation_id < gone.limit_id AND created_at < gone.decided_before
            ORDER BY wallet_id, sequence DESC
            ON CONFLICT (wallet_id) DO UPDATE SET sequence = EXCLUDED.sequence, balance = EXCLUDED.balance;
            UPDATE archives SET detached_at = clock_timestamp() WHERE period = of_period;
        END
        $$;

        CREATE FUNCTION ledger_detach_archived(of_period text) RETURNS void LANGUAGE plpgsql AS $$
        -- What must be quick. Not CONCURRENTLY: PostgreSQL has no such thing beside a default partition, and both
        -- tables and the openings change in one transaction.
        DECLARE
            gone archives;
            parent text;
            partition text;
            key_column text;
        BEGIN
            SELECT * INTO STRICT gone FROM archives WHERE period = of_period;
            PERFORM ledger_lock_partitioned();
            FOREACH parent IN ARRAY ARRAY['operations', 'entries'] LOOP
                partition := parent || '_' || of_period;
                key_column := ledger_partition_key(parent);
                EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, partition);
                EXECUTE format('DROP TABLE %I', partition);
                -- What stayed of earlier periods is in the default partition; by now it may be over as well.
                EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', parent || '_default');
                EXECUTE format('DELETE FROM %I WHERE %I < $1 AND created_at < $2', parent || '_default', key_column)
                    USING gone.limit_id, gone.decided_before;
                EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', parent || '_default');
                EXECUTE format('INSERT INTO %I SELECT * FROM %I', parent, 'staying_' || parent);
            END LOOP;
        END
        $$;

        CREATE FUNCTION ledger_rebuild_archived(of_period text) RETURNS void LANGUAGE plpgsql AS $$
        -- What may take long about a restoration: makes the partitions of what was loaded into the temporary tables
        -- restored_operations and restored_entries, and moves the wallets' openings back.
        DECLARE
            back archives;
            parent text;
            partition text;
            key_column text;
        BEGIN
            SELECT * INTO STRICT back FROM archives WHERE period = of_period;
            FOREACH parent IN ARRAY ARRAY['operations', 'entries'] LOOP
                partition := parent || '_' || of_period;
                key_column := ledger_partition_key(parent);
                -- With the constraint, ATTACH needs not read it all under its lock.
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES, '
                               'CONSTRAINT in_period CHECK (%I >= %L AND %I < %L))',
                               partition, parent, key_column, back.lowest_id, key_column, back.limit_id);
                EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %I >= %L',
                               partition, 'restored_' || parent, key_column, back.lowest_id);
            END LOOP;
            EXECUTE format('CREATE UNIQUE INDEX %I ON %I (wallet_id, sequence)', partition || '_sequence', partition);

            INSERT INTO archived_openings (wallet_id, sequence, balance)
            SELECT wallet_id, sequence - 1, balance_after - amount
            FROM (SELECT DISTINCT ON (wallet_id) * FROM restored_entries ORDER BY wallet_id, sequence) AS earliest
            WHERE sequence > 1
            ON CONFLICT (wallet_id) DO UPDATE SET sequence = EXCLUDED.sequence, balance = EXCLUDED.balance;
            DELETE FROM archived_openings USING restored_entries
            WHERE restored_entries.wallet_id = archived_openings.wallet_id AND restored_entries.sequence = 1;
            UPDATE archives SET detached_at = NULL WHERE period = of_period;
        END
        $$;

        CREATE FUNCTION ledger_attach_restored(of_period text) RETURNS void LANGUAGE plpgsql AS $$
        -- What must be quick. What stayed of the period comes back from the default partition.
        DECLARE
            back archives;
            parent text;
            partition text;
            key_column text;
        BEGIN
            SELECT * INTO STRICT back FROM archives WHERE period = of_period;
            PERFORM ledger_lock_partitioned();
            FOREACH parent IN ARRAY ARRAY['operations', 'entries'] LOOP
                partition := parent || '_' || of_period;
                key_column := ledger_partition_key(parent);
                EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', parent || '_default');
                EXECUTE format('WITH stayed AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) '
                               'INSERT INTO %I SELECT * FROM stayed',
                               parent || '_default', key_column, key_column, partition)
                    USING back.lowest_id, back.limit_id;
                EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', parent || '_default');
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                               parent, partition, back.lowest_id, back.limit_id);
                EXECUTE format('ALTER TABLE %I DROP CONSTRAINT in_period', partition);
                PERFORM ledger_guard_partition(parent, partition);
                EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %I < $1',
                               parent, 'restored_' || parent, key_column) USING back.lowest_id;
            END LOOP;
        END
        $$;
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DO $$
        BEGIN
            IF EXISTS (SELECT FROM archives WHERE detached_at IS NOT NULL) THEN
                RAISE EXCEPTION 'some months are in archives alone: bring them back with `purser partitions restore` first';
            END IF;
        END
        $$;
        DROP FUNCTION ledger_attach_restored, ledger_rebuild_archived, ledger_detach_archived, ledger_set_apart,
            ledger_lock_partitioned, ledger_partition_key;
        DROP TABLE archived_openings, archives;
    """
