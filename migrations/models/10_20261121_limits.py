"""What accounts and addresses have taken of their rate limits."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        -- Losing these in a crash costs a minute's counts, nothing else: no WAL for them. Rows change all the time and
        -- no index with them, so they have room to do it in their own page.
        CREATE UNLOGGED TABLE rate_limits (
            -- The hash of what is limited and of its name.
            subject bytea PRIMARY KEY,
            -- Counts the changes, so that none is made that did not see the one before it.
            version bigint NOT NULL,
            -- The newest slot of time in which something was taken, and how much in it and in those before it.
            slot    bigint NOT NULL,
            taken   integer[] NOT NULL
        ) WITH (fillfactor = 50);
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE rate_limits;
    """
