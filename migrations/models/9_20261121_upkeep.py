"""What the upkeep looks for: what is over and still set aside, and sessions that expired long ago."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE INDEX reservations_over ON reservations (ends_at, operation_id) WHERE state = 'OPEN';
        CREATE INDEX sessions_expiring ON sessions (expires_at);
    """


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP INDEX sessions_expiring, reservations_over;
    """
