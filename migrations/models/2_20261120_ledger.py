"""The money: currencies, wallets, operations, entries and idempotency keys.

What must never be is refused here as well, so that no bug in the service can create money:
a holder's available funds below zero, entries of one operation that do not sum to zero,
a sequence number used twice (in one partition), a change of what was posted.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE currencies (
            code            varchar(8) PRIMARY KEY CHECK (code ~ '^[A-Z0-9]{3,8}$'),
            exponent        smallint NOT NULL CHECK (exponent BETWEEN 0 AND 9),
            rate            numeric CHECK (rate > 0),
            rate_updated_at timestamptz
        );

        -- A wallet is an account of the ledger. HOLDER: a client's or a company's. OUTSIDE: where
        -- deposits come from; there are many in each currency, so that writers seldom meet on one.
        CREATE TYPE wallet_kind AS ENUM ('HOLDER', 'OUTSIDE');
        CREATE TYPE wallet_status AS ENUM ('ACTIVE', 'FROZEN', 'CLOSED');

        CREATE TABLE wallets (
            id           uuid PRIMARY KEY,
            kind         wallet_kind NOT NULL,
            owner_id     uuid,
            -- The secret half of the wallet's token; the other half is the id.
            token_secret bytea,
            name         varchar(255),
            country      varchar(255),
            city         varchar(255),
            currency     varchar(8) NOT NULL REFERENCES currencies (code),
            status       wallet_status NOT NULL DEFAULT 'ACTIVE',
            -- Minor units of the currency. available = balance - held - pending.
            balance      bigint NOT NULL DEFAULT 0,
            held         bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
            pending      bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
            -- The number of this wallet's entries, and so the sequence of the last one.
            sequence     bigint NOT NULL DEFAULT 0 CHECK (sequence >= 0),
            -- The owner has no other open wallet: money for the owner needs no choice of wallet.
            only_one     boolean NOT NULL DEFAULT true,
            created_at   timestamptz NOT NULL,
            CONSTRAINT wallets_available_never_below_zero
                CHECK (kind <> 'HOLDER' OR balance - held - pending >= 0),
            CONSTRAINT wallets_holder_has_owner_and_token
                CHECK ((kind = 'HOLDER') = (owner_id IS NOT NULL)
                   AND (kind = 'HOLDER') = (token_secret IS NOT NULL))
        ) WITH (fillfactor = 50);  -- each charge rewrites two rows: leave room for it on their pages
        CREATE INDEX wallets_of_owner ON wallets (owner_id, id) WHERE owner_id IS NOT NULL;

        CREATE TYPE operation_kind AS ENUM ('DEPOSIT', 'CHARGE');
        CREATE TYPE operation_status AS ENUM ('PENDING', 'SUCCEEDED', 'FAILED');

        CREATE TABLE operations (
            id           uuid NOT NULL,  -- UUIDv7: it carries the time that the table is split by
            kind         operation_kind NOT NULL,
            status       operation_status NOT NULL,
            failure_code varchar(32),
            account_id   uuid NOT NULL,  -- who asked for it
            summary      varchar(255) NOT NULL,
            amount       bigint NOT NULL CHECK (amount > 0),
            currency     varchar(8) NOT NULL,
            source_id    uuid,
            target_id    uuid,
            debited      bigint CHECK (debited >= 0),
            credited     bigint CHECK (credited >= 0),
            created_at   timestamptz NOT NULL,
            PRIMARY KEY (id),
            CHECK ((status = 'FAILED') = (failure_code IS NOT NULL))
        ) PARTITION BY RANGE (id);

        CREATE TABLE entries (
            wallet_id     uuid NOT NULL,
            sequence      bigint NOT NULL CHECK (sequence > 0),
            operation_id  uuid NOT NULL,
            amount        bigint NOT NULL,
            currency      varchar(8) NOT NULL,
            balance_after bigint NOT NULL,
            created_at    timestamptz NOT NULL
        ) PARTITION BY RANGE (operation_id);
        -- The history of several wallets merges scans of this one. One wallet's is a scan of the unique
        -- index on (wallet_id, sequence) that ledger_add_partition makes on each partition.
        CREATE INDEX entries_by_operation ON entries (wallet_id, operation_id);

        CREATE TABLE idempotency_keys (
            account_id   uuid NOT NULL,
            key          varchar(255) NOT NULL,
            fingerprint  bytea NOT NULL,
            operation_id uuid NOT NULL,
            -- Why it was refused; where nothing could be recorded, there is no operation of that id.
            rejection    jsonb,
            PRIMARY KEY (account_id, key)
        );

        CREATE FUNCTION ledger_uuid_floor(at timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            -- The least UUIDv7 of that millisecond (RFC 9562, section 5.7: 48 bits of Unix time first).
            SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        $$;

        CREATE FUNCTION ledger_add_partition(parent text, starts_at timestamptz, ends_at timestamptz)
        RETURNS text LANGUAGE plpgsql AS $$
        -- Adds the partition of [starts_at, ends_at), taking over what has meanwhile landed in the
        -- default partition. The unique index of entries is made on each partition, because
        -- PostgreSQL allows one on the whole only with the partition key in it, which would let a
        -- sequence number stand twice.
        DECLARE
            partition text := format('%s_%s', parent, to_char(starts_at AT TIME ZONE 'UTC', 'YYYYMM'));
            lowest uuid := ledger_uuid_floor(starts_at);
            limit_id uuid := ledger_uuid_floor(ends_at);
            key_column text := CASE parent WHEN 'entries' THEN 'operation_id' ELSE 'id' END;
        BEGIN
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', parent || '_default');
            EXECUTE format(
                'WITH late AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO %I SELECT * FROM late',
                parent || '_default', key_column, key_column, partition) USING lowest, limit_id;
            EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', parent || '_default');
            IF parent = 'entries' THEN
                EXECUTE format('CREATE UNIQUE INDEX %I ON %I (wallet_id, sequence)', partition || '_sequence', partition);
            END IF;
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           parent, partition, lowest, limit_id);
            PERFORM ledger_guard_partition(parent, partition);
            RETURN partition;
        END
        $$;

        CREATE TABLE operations_default PARTITION OF operations DEFAULT;
        CREATE TABLE entries_default PARTITION OF entries DEFAULT;
        CREATE UNIQUE INDEX entries_default_sequence ON entries_default (wallet_id, sequence);

        CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% of % refused: what is posted never changes', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END
        $$;
        CREATE TRIGGER entries_never_change BEFORE UPDATE OR DELETE ON entries
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER operations_never_vanish BEFORE DELETE ON operations
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER operations_final_never_change BEFORE UPDATE ON operations
            FOR EACH ROW WHEN (OLD.status IN ('SUCCEEDED', 'FAILED')) EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER idempotency_keys_never_vanish BEFORE DELETE ON idempotency_keys
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        -- Only why it was refused is added to a key later, once.
        CREATE TRIGGER idempotency_keys_never_change BEFORE UPDATE ON idempotency_keys
            FOR EACH ROW WHEN (OLD.rejection IS NOT NULL
                OR (OLD.account_id, OLD.key, OLD.fingerprint, OLD.operation_id)
                   IS DISTINCT FROM (NEW.account_id, NEW.key, NEW.fingerprint, NEW.operation_id))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER wallets_with_history_never_vanish BEFORE DELETE ON wallets
            FOR EACH ROW WHEN (OLD.sequence > 0) EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER wallets_stay_what_they_are BEFORE UPDATE OF id, kind, owner_id, currency ON wallets
            FOR EACH ROW WHEN ((OLD.id, OLD.kind, OLD.owner_id, OLD.currency)
                IS DISTINCT FROM (NEW.id, NEW.kind, NEW.owner_id, NEW.currency))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER wallets_never_emptied BEFORE TRUNCATE ON wallets EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER operations_never_emptied BEFORE TRUNCATE ON operations EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER entries_never_emptied BEFORE TRUNCATE ON entries EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER idempotency_keys_never_emptied BEFORE TRUNCATE ON idempotency_keys
            EXECUTE FUNCTION ledger_refuse_change();

        CREATE FUNCTION ledger_refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM posted GROUP BY operation_id, currency HAVING sum(amount) <> 0) THEN
                RAISE EXCEPTION 'entries of an operation do not sum to zero'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER entries_sum_to_zero AFTER INSERT ON entries
            REFERENCING NEW TABLE AS posted
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_imbalance();

        CREATE FUNCTION ledger_guard_partition(parent text, partition text) RETURNS void LANGUAGE plpgsql AS $$
        -- A statement's triggers are not passed down: who writes past the parent meets the same ones.
        BEGIN
            EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I EXECUTE FUNCTION ledger_refuse_change()',
                           partition);
            IF parent = 'entries' THEN
                EXECUTE format('CREATE TRIGGER sum_to_zero AFTER INSERT ON %I REFERENCING NEW TABLE AS posted '
                               'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_imbalance()', partition);
            END IF;
        END
        $$;
        SELECT ledger_guard_partition('operations', 'operations_default');
        SELECT ledger_guard_partition('entries', 'entries_default');
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE idempotency_keys, entries, operations, wallets, currencies;
        DROP FUNCTION ledger_guard_partition, ledger_refuse_imbalance, ledger_refuse_change, ledger_add_partition, ledger_uuid_floor;
        DROP TYPE operation_status, operation_kind, wallet_status, wallet_kind;
    """
