"""The end of an account: its wallets closed, its owner forgotten, the ledger kept."""

from uuid import UUID

import asyncpg

from ledger.asking import changing
from ledger.rejections import ErrorCode, Rejection
from ledger.wallet_life import close_all

WRONG_PASSWORD = Rejection(ErrorCode.BAD_CREDENTIALS, "The password is wrong.", ("password",))


async def delete_account(pool: asyncpg.Pool, account_id: UUID, password_hash: str) -> Rejection | None:
    """Closes the account's wallets, which must be empty, and erases all that says whose they were.

    `password_hash`: of the password that was verified; if it was changed meanwhile, nothing is done. The row stays, for
    the ledger names it, with nothing personal in it: the e-mail address can sign up again. All sessions end with it, in
    every process within a second. Raises Unavailable.
    """
    async with changing(), pool.acquire() as connection, connection.transaction():
        # As where wallets are made: none comes between.
        locked = await connection.fetchval(
            """
            SELECT id FROM accounts WHERE id = $1 AND password_hash = $2 AND deleted_at IS NULL
            FOR NO KEY UPDATE
            """,
            account_id,
            password_hash,
        )
        if locked is None:
            return WRONG_PASSWORD
        if (refusal := await close_all(connection, account_id)) is not None:
            return refusal
        await connection.execute(
            "UPDATE wallets SET name = NULL, country = NULL, city = NULL WHERE owner_id = $1", account_id
        )
        # Empty wallets hold nothing for a bank: all of these have ended.
        await connection.execute(
            "UPDATE withdrawals SET destination = '(deleted)' WHERE account_id = $1", account_id
        )
        await connection.execute("DELETE FROM clients WHERE account_id = $1", account_id)
        await connection.execute("DELETE FROM companies WHERE account_id = $1", account_id)
        await connection.execute(
            """
            UPDATE accounts SET email = 'deleted', email_key = 'deleted ' || id, password_hash = '', searched = '',
                                deleted_at = clock_timestamp()
            WHERE id = $1
            """,
            account_id,
        )
    return None
