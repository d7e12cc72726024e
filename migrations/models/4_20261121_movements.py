"""Every way that money moves: rates, exchange, transfers, refunds, authorizations and deposits that mature."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'TRANSFER';
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'REFUND';
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'AUTHORIZATION';
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'CAPTURE';
        ALTER TYPE operation_kind ADD VALUE IF NOT EXISTS 'RELEASE';
        -- What takes one currency and gives another, and keeps what rounding leaves.
        ALTER TYPE wallet_kind ADD VALUE IF NOT EXISTS 'EXCHANGE';

        -- Since when the token is the one it is, where it is not the first one.
        ALTER TABLE wallets ADD COLUMN token_rotated_at timestamptz;

        ALTER TABLE operations
            -- Units of the credited currency for one of the debited, to 12 significant digits.
            ADD COLUMN rate      numeric CHECK (rate > 0),
            -- The charge that a refund gives back, the authorization that is captured or released.
            ADD COLUMN origin_id uuid,
            -- When a deposit becomes available, or an authorization expires.
            ADD COLUMN due_at    timestamptz;

        -- Since when its amounts have that many decimals, where that is not from the start.
        ALTER TABLE currencies ADD COLUMN exponent_set_at timestamptz;
        -- Whether any wallet has a currency is asked before its decimals change.
        CREATE INDEX wallets_of_currency ON wallets (currency);

        ALTER TABLE wallets ADD CONSTRAINT wallets_closed_are_empty CHECK (status <> 'CLOSED' OR balance = 0);
        -- The amounts of a currency are counted in its decimals from the first wallet on.
        CREATE FUNCTION ledger_refuse_exponent() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM wallets WHERE currency = OLD.code) THEN
                RAISE EXCEPTION 'the decimals of % can''t change any more: there are wallets of it', OLD.code
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END
        $$;
        CREATE TRIGGER currencies_in_use_keep_their_decimals BEFORE UPDATE OF exponent ON currencies
            FOR EACH ROW WHEN (OLD.exponent <> NEW.exponent) EXECUTE FUNCTION ledger_refuse_exponent();

        -- Counts the changes of currencies, so that every transaction can see whether it knows the latest.
        CREATE TABLE currency_revision (
            is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
            revision    bigint NOT NULL
        );
        INSERT INTO currency_revision (revision) VALUES (1);

        ALTER TABLE currencies ADD CONSTRAINT currencies_base_is_worth_itself CHECK (code <> 'USD' OR rate = 1);

        -- Every rate that there ever was.
        CREATE TABLE rates (
            code   varchar(8) NOT NULL REFERENCES currencies (code),
            rate   numeric NOT NULL CHECK (rate > 0),
            set_at timestamptz NOT NULL,
            -- The administrator, or null for what came with the service.
            set_by uuid,
            PRIMARY KEY (code, set_at)
        );
        INSERT INTO rates (code, rate, set_at) SELECT code, rate, rate_updated_at FROM currencies WHERE rate IS NOT NULL;
        CREATE TRIGGER rates_never_change BEFORE UPDATE OR DELETE ON rates
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER rates_never_emptied BEFORE TRUNCATE ON rates EXECUTE FUNCTION ledger_refuse_change();

        -- What is set aside in a wallet: held by an authorization until it expires, or deposited and pending
        -- until it is available. From `ends_at` on it is free, whether or not the row says so yet.
        CREATE TABLE reservations (
            operation_id uuid PRIMARY KEY,
            kind         varchar(13) NOT NULL CHECK (kind IN ('AUTHORIZATION', 'DEPOSIT')),
            wallet_id    uuid NOT NULL,
            account_id   uuid NOT NULL,
            state        varchar(8) NOT NULL CHECK (state IN ('OPEN', 'CAPTURED', 'RELEASED', 'ENDED')),
            -- The operation's amount, how much of it was captured, and how much of that was refunded, in the currency
            -- asked for.
            asked        bigint NOT NULL CHECK (asked > 0),
            captured     bigint NOT NULL DEFAULT 0 CHECK (captured BETWEEN 0 AND asked),
            refunded     bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND captured),
            -- What is still set aside of what was at first, in the wallet's currency, and what all of it would bring to
            -- the target, in the target's.
            remaining    bigint NOT NULL CHECK (remaining BETWEEN 0 AND debit),
            debit        bigint NOT NULL,
            credit       bigint NOT NULL CHECK (credit >= 0),
            ends_at      timestamptz NOT NULL,
            CONSTRAINT reservations_nothing_remains_when_over CHECK (state = 'OPEN' OR remaining = 0)
        ) WITH (fillfactor = 70);
        CREATE INDEX reservations_due ON reservations (wallet_id, ends_at) WHERE state = 'OPEN';
        CREATE INDEX reservations_of_wallet ON reservations (wallet_id, operation_id);
        CREATE INDEX reservations_of_account ON reservations (account_id, operation_id) WHERE kind = 'AUTHORIZATION';
        CREATE TRIGGER reservations_never_vanish BEFORE DELETE ON reservations
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER reservations_never_reopen BEFORE UPDATE ON reservations
            FOR EACH ROW WHEN (NEW.captured < OLD.captured OR NEW.refunded < OLD.refunded
                OR (OLD.state <> 'OPEN' AND (OLD.state, OLD.captured, OLD.remaining)
                    IS DISTINCT FROM (NEW.state, NEW.captured, NEW.remaining))
                -- What is refunded can be captured no more, and the rest may round to a unit more than before.
                OR (NEW.remaining > OLD.remaining AND NEW.refunded = OLD.refunded)
                OR (OLD.operation_id, OLD.kind, OLD.wallet_id, OLD.account_id, OLD.asked, OLD.debit, OLD.credit, OLD.ends_at)
                   IS DISTINCT FROM (NEW.operation_id, NEW.kind, NEW.wallet_id, NEW.account_id, NEW.asked, NEW.debit,
                                     NEW.credit, NEW.ends_at))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER reservations_never_emptied BEFORE TRUNCATE ON reservations EXECUTE FUNCTION ledger_refuse_change();

        -- Holders' wallets as they stand this instant: what is over is set aside no more.
        CREATE VIEW holders_now AS
        SELECT id, owner_id, token_secret, name, country, city, currency, status::text AS status, balance,
               wallets.held - coalesce(over.held, 0) AS held, wallets.pending - coalesce(over.pending, 0) AS pending,
               created_at
        FROM wallets
        LEFT JOIN LATERAL (
            SELECT sum(remaining) FILTER (WHERE kind = 'AUTHORIZATION')::bigint AS held,
                   sum(remaining) FILTER (WHERE kind = 'DEPOSIT')::bigint AS pending
            FROM reservations
            WHERE wallet_id = wallets.id AND state = 'OPEN' AND ends_at <= clock_timestamp()
        ) AS over ON wallets.held > 0 OR wallets.pending > 0
        WHERE kind = 'HOLDER';

        -- Who gave and got what in a charge that was split or refunded, and how much of it went back. Number 0 is
        -- the payer, 1 the company; others got a part of it. A charge without rows is whole, and nothing of it went back.
        -- Of a capture they tell only how much was refunded: what moves is worked out over the whole authorization.
        CREATE TABLE shares (
            operation_id uuid NOT NULL,
            number       smallint NOT NULL CHECK (number >= 0),
            wallet_id    uuid NOT NULL,
            -- In the currency asked for, and in the wallet's.
            amount       bigint NOT NULL CHECK (amount >= 0),
            moved        bigint NOT NULL CHECK (moved >= 0),
            refunded     bigint NOT NULL DEFAULT 0,
            returned     bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (operation_id, number),
            CONSTRAINT shares_never_refunded_beyond_the_charge CHECK (refunded BETWEEN 0 AND amount),
            CONSTRAINT shares_never_returned_beyond_what_moved CHECK (returned BETWEEN 0 AND moved)
        );
        CREATE TRIGGER shares_never_vanish BEFORE DELETE ON shares
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER shares_only_grow BEFORE UPDATE ON shares
            FOR EACH ROW WHEN (NEW.refunded < OLD.refunded OR NEW.returned < OLD.returned
                OR (OLD.operation_id, OLD.number, OLD.wallet_id, OLD.amount, OLD.moved)
                   IS DISTINCT FROM (NEW.operation_id, NEW.number, NEW.wallet_id, NEW.amount, NEW.moved))
            EXECUTE FUNCTION ledger_refuse_change();
        CREATE TRIGGER shares_never_emptied BEFORE TRUNCATE ON shares EXECUTE FUNCTION ledger_refuse_change();
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    # The new values of the two types stay: PostgreSQL has no way to take one out, and nothing minds them.
    return """
        DROP VIEW holders_now;
        DROP TABLE shares, reservations, rates, currency_revision;
        DROP INDEX wallets_of_currency;
        DROP TRIGGER currencies_in_use_keep_their_decimals ON currencies;
        DROP FUNCTION ledger_refuse_exponent;
        ALTER TABLE wallets DROP CONSTRAINT wallets_closed_are_empty;
        ALTER TABLE currencies DROP CONSTRAINT currencies_base_is_worth_itself, DROP COLUMN exponent_set_at;
        ALTER TABLE operations DROP COLUMN rate, DROP COLUMN origin_id, DROP COLUMN due_at;
        ALTER TABLE wallets DROP COLUMN token_rotated_at;
    """
