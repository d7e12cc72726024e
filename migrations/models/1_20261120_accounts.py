"""Who may do what: accounts, their profiles, their sessions and their failed log-ins."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- aerich's own: which migrations have been applied.
        CREATE TABLE IF NOT EXISTS aerich (
            id      serial PRIMARY KEY,
            version varchar(255) NOT NULL,
            app     varchar(100) NOT NULL,
            content jsonb NOT NULL
        );

        CREATE TABLE accounts (
            id            uuid PRIMARY KEY,
            email         varchar(255) NOT NULL,
            -- The e-mail folded to one case: two spellings of one address are one account.
            email_key     varchar(255) NOT NULL UNIQUE,
            role          varchar(7) NOT NULL CHECK (role IN ('CLIENT', 'COMPANY', 'ADMIN')),
            password_hash text NOT NULL,
            created_at    timestamptz NOT NULL,
            deleted_at    timestamptz
        );
        -- Asked for as often as sessions_ended below: the sessions of a deleted account are over.
        CREATE INDEX accounts_deleted ON accounts (deleted_at) WHERE deleted_at IS NOT NULL;

        CREATE TABLE clients (
            account_id   uuid PRIMARY KEY REFERENCES accounts (id),
            first_name   varchar(35) NOT NULL CHECK (first_name <> ''),
            last_name    varchar(35) NOT NULL CHECK (last_name <> ''),
            phone_number varchar(17) NOT NULL
        );

        CREATE TABLE companies (
            account_id   uuid PRIMARY KEY REFERENCES accounts (id),
            name         varchar(35) NOT NULL CHECK (name <> ''),
            url          varchar(70) NOT NULL,
            first_name   varchar(35) NOT NULL CHECK (first_name <> ''),
            last_name    varchar(35) NOT NULL CHECK (last_name <> ''),
            phone_number varchar(17) NOT NULL
        );

        CREATE TABLE sessions (
            id         uuid PRIMARY KEY,
            account_id uuid NOT NULL REFERENCES accounts (id),
            created_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            ended_at   timestamptz
        );
        CREATE INDEX sessions_of_account ON sessions (account_id);
        -- What every process asks for several times a second: who has logged out lately.
        CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

        -- Losing these in a crash costs a guesser's count, nothing else: no WAL for them.
        CREATE UNLOGGED TABLE login_failures (
            subject        varchar(64) PRIMARY KEY,
            failures       integer NOT NULL CHECK (failures > 0),
            last_failed_at timestamptz NOT NULL
        );
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE login_failures, sessions, companies, clients, accounts;
    """
