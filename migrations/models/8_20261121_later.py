"""What happens later: withdrawals, queued operations, and lanes of wallets for those who work them off."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'WITHDRAWAL';

        ALTER TABLE operations
            -- When it was accepted, where that was before it was decided. Its origin_id is then the id under which it
            -- was accepted and clients know it: an id of its own has it stand among the entries of its own time.
            ADD COLUMN accepted_at timestamptz;
        CREATE INDEX operations_accepted ON operations (origin_id) WHERE accepted_at IS NOT NULL;
        -- What is under way becomes what came of it, and nothing else.
        CREATE TRIGGER operations_pending_stay_what_was_asked BEFORE UPDATE ON operations
            FOR EACH ROW WHEN (
                (OLD.id, OLD.kind, OLD.account_id, OLD.summary, OLD.amount, OLD.currency, OLD.source_id, OLD.target_id,
                 OLD.credited, OLD.rate, OLD.origin_id, OLD.due_at, OLD.created_at, OLD.accepted_at)
                IS DISTINCT FROM
                (NEW.id, NEW.kind, NEW.account_id, NEW.summary, NEW.amount, NEW.currency, NEW.source_id, NEW.target_id,
                 NEW.credited, NEW.rate, NEW.origin_id, NEW.due_at, NEW.created_at, NEW.accepted_at))
            EXECUTE FUNCTION ledger_refuse_change();

        -- What a withdrawal holds has no end of its own: only the bank's answer or the owner ends it.
        ALTER TABLE reservations
            ALTER COLUMN ends_at DROP NOT NULL,
            DROP CONSTRAINT reservations_kind_check,
            ADD CONSTRAINT reservations_kind_check CHECK (kind IN ('AUTHORIZATION', 'DEPOSIT', 'WITHDRAWAL')),
            ADD CONSTRAINT reservations_of_withdrawals_have_no_end CHECK ((kind = 'WITHDRAWAL') = (ends_at IS NULL));

        -- How far withdrawals have come with the bank. The money itself is held by a reservation of the same id.
        CREATE TABLE withdrawals (
            operation_id uuid PRIMARY KEY,
            wallet_id    uuid NOT NULL,
            account_id   uuid NOT NULL,
            -- The bank account as the bank knows it.
            destination  varchar(140) NOT NULL,
            state        varchar(9) NOT NULL
                         CHECK (state IN ('PENDING', 'SENT', 'UNKNOWN', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
            -- How often the bank was asked to pay.
            attempts     smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            -- When a worker is to look at it next. While it is SENT, that is when whoever sent it must have given up.
            due_at       timestamptz,
            CONSTRAINT withdrawals_are_due_until_they_end
                CHECK ((state IN ('PENDING', 'SENT', 'UNKNOWN')) = (due_at IS NOT NULL))
        ) WITH (fillfactor = 70);
        CREATE INDEX withdrawals_due ON withdrawals (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX withdrawals_of_account ON withdrawals (account_id, operation_id);
        CREATE TRIGGER withdrawals_never_vanish BEFORE DELETE ON withdrawals
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER withdrawals_never_reopen BEFORE UPDATE ON withdrawals
            FOR EACH ROW WHEN (
                (OLD.due_at IS NULL AND (OLD.state, OLD.attempts) IS DISTINCT FROM (NEW.state, NEW.attempts))
                -- Only what was sent can have been paid, and what was sent is not simply called back.
                OR (OLD.state = 'PENDING' AND NEW.state IN ('UNKNOWN', 'SUCCEEDED'))
                OR (OLD.state IN ('SENT', 'UNKNOWN') AND NEW.state = 'CANCELLED')
                OR NEW.attempts < OLD.attempts
                -- The bank is asked to pay once more only where it is certain that it has not paid.
                OR (NEW.attempts > OLD.attempts AND (OLD.state <> 'PENDING' OR NEW.state <> 'SENT'))
                -- With its owner's account the destination is forgotten.
                OR (NEW.destination <> OLD.destination AND (OLD.due_at IS NOT NULL OR NEW.destination <> '(deleted)'))
                OR (OLD.operation_id, OLD.wallet_id, OLD.account_id)
                   IS DISTINCT FROM (NEW.operation_id, NEW.wallet_id, NEW.account_id))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER withdrawals_never_emptied BEFORE TRUNCATE ON withdrawals EXECUTE FUNCTION ledger_refuse_change();

        CREATE TABLE withdrawal_attempts (
            operation_id uuid NOT NULL,
            number       smallint NOT NULL CHECK (number > 0),
            started_at   timestamptz NOT NULL,
            -- From then on the bank does not pay it any more.
            not_after    timestamptz NOT NULL,
            ended_at     timestamptz,
            -- What the bank said, or that it said nothing.
            result       varchar(255),
            PRIMARY KEY (operation_id, number),
            CONSTRAINT withdrawal_attempts_end_with_a_result CHECK (ended_at IS NULL OR result IS NOT NULL)
        );
        CREATE UNIQUE INDEX withdrawal_attempts_one_at_a_time ON withdrawal_attempts (operation_id)
            WHERE ended_at IS NULL;
        CREATE TRIGGER withdrawal_attempts_never_vanish BEFORE DELETE ON withdrawal_attempts
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        -- The bank's last word may come late; when it was asked stays.
        CREATE TRIGGER withdrawal_attempts_stay_what_they_were BEFORE UPDATE ON withdrawal_attempts
            FOR EACH ROW WHEN ((OLD.operation_id, OLD.number, OLD.started_at, OLD.not_after)
                IS DISTINCT FROM (NEW.operation_id, NEW.number, NEW.started_at, NEW.not_after))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER withdrawal_attempts_never_emptied BEFORE TRUNCATE ON withdrawal_attempts
            EXECUTE FUNCTION ledger_refuse_change();

        ALTER TABLE wallets
            -- Whose work it is to carry out what is queued for the wallet: changed by `purser rebalance`.
            ADD COLUMN lane smallint NOT NULL DEFAULT 1 CHECK (lane > 0);

        -- What was accepted and is not carried out yet, in the order of its acceptance: a position is taken with the
        -- wallet locked, so that for one wallet positions are committed in their order.
        CREATE TABLE queued_operations (
            id          uuid PRIMARY KEY,
            position    bigint GENERATED ALWAYS AS IDENTITY,
            -- The lane of the wallet whose order is kept: the one that pays, or the one that a deposit is for.
            lane        smallint NOT NULL,
            wallet_id   uuid NOT NULL,
            kind        operation_kind NOT NULL,
            account_id  uuid NOT NULL,
            summary     varchar(255) NOT NULL,
            amount      bigint NOT NULL CHECK (amount > 0),
            currency    varchar(8) NOT NULL,
            source_id   uuid,
            target_id   uuid,
            -- What was asked for, as ledger/queued_commands.py writes it.
            command     jsonb NOT NULL,
            accepted_at timestamptz NOT NULL
        );
        CREATE INDEX queued_operations_of_lane ON queued_operations (lane, position);
        CREATE INDEX queued_operations_of_wallet ON queued_operations (wallet_id);
        CREATE TRIGGER queued_operations_never_emptied BEFORE TRUNCATE ON queued_operations
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER queued_operations_stay_what_was_asked BEFORE UPDATE ON queued_operations
            FOR EACH ROW WHEN (
                (OLD.id, OLD.position, OLD.wallet_id, OLD.kind, OLD.account_id, OLD.summary, OLD.amount, OLD.currency,
                 OLD.source_id, OLD.target_id, OLD.command, OLD.accepted_at)
                IS DISTINCT FROM
                (NEW.id, NEW.position, NEW.wallet_id, NEW.kind, NEW.account_id, NEW.summary, NEW.amount, NEW.currency,
                 NEW.source_id, NEW.target_id, NEW.command, NEW.accepted_at))
            EXECUTE FUNCTION ledger_refuse_change();
        -- It leaves the queue only by being carried out, in the same transaction.
        CREATE FUNCTION ledger_refuse_loss() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM gone WHERE NOT EXISTS (
                SELECT FROM operations
                WHERE origin_id = gone.id AND accepted_at IS NOT NULL AND id >= ledger_ids_from(now())
            )) THEN
                RAISE EXCEPTION 'a queued operation was to vanish without being carried out'
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER queued_operations_are_carried_out AFTER DELETE ON queued_operations
            REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_loss();
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    # The new value of the type stays: PostgreSQL has no way to take one out, and nothing minds it.
    return """
        DO $$ BEGIN
            -- What was queued was told and claimed its key under an id that only accepted_at leads from.
            IF EXISTS (SELECT FROM queued_operations)
               OR EXISTS (SELECT FROM operations WHERE kind::text = 'WITHDRAWAL' OR accepted_at IS NOT NULL) THEN
                RAISE EXCEPTION 'there are withdrawals or queued operations, which the version before does not know';
            END IF;
        END $$;
        DROP TABLE queued_operations, withdrawal_attempts, withdrawals;
        DROP FUNCTION ledger_refuse_loss;
        ALTER TABLE wallets DROP COLUMN lane;
        ALTER TABLE reservations
            DROP CONSTRAINT reservations_of_withdrawals_have_no_end,
            DROP CONSTRAINT reservations_kind_check,
            ADD CONSTRAINT reservations_kind_check CHECK (kind IN ('AUTHORIZATION', 'DEPOSIT')),
            ALTER COLUMN ends_at SET NOT NULL;
        DROP TRIGGER operations_pending_stay_what_was_asked ON operations;
        ALTER TABLE operations DROP COLUMN accepted_at;
    """
