"""What becomes of a wallet after it was made: renamed, frozen, closed, given another token.

No money moves here, so each is a plain transaction of its own. It locks the wallet's row, which the writer locks as
well, so that what is committed here holds for the very next operation.
"""

from typing import NamedTuple
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ledger.accounts import ACTIVE, CLOSED, FROZEN
from ledger.asking import changing
from ledger.errors import Unavailable
from ledger.outcomes import WalletView
from ledger.reads import Reads
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import WalletToken, new_secret

_NOT_FOUND = Rejection(ErrorCode.WALLET_NOT_FOUND, "There is no such wallet.", ("wallet",))
_HAS_OPEN_AUTHORIZATIONS = """
    SELECT EXISTS (
        SELECT FROM reservations
        WHERE account_id = $1 AND kind = 'AUTHORIZATION' AND state = 'OPEN' AND ends_at > clock_timestamp()
    )
"""
_IS_CLOSED = Rejection(ErrorCode.WALLET_CLOSED, "The wallet is closed.", ("wallet",))


class _Locked(NamedTuple):
    token_secret: bytes
    status: str
    balance: int


class WalletLife:
    """Everything here raises Unavailable when no answer comes in time."""

    def __init__(self, pool: asyncpg.Pool, reads: Reads) -> None:
        self._pool = pool
        self._reads = reads

    async def rename(self, token: WalletToken, owner_id: UUID, name: str | None) -> WalletView | Rejection:
        """Gives the owner's wallet another name, or none."""
        async with changing(), self._pool.acquire() as connection, connection.transaction():
            refusal = await self._lock_open(connection, token, owner_id)
            if refusal is not None:
                return refusal
            await connection.execute("UPDATE wallets SET name = $2 WHERE id = $1", token.wallet_id, name)
        return await self._shown(token.wallet_id)

    async def rotate_token(self, token: WalletToken, owner_id: UUID) -> WalletView | Rejection:
        """Gives the owner's wallet another token; the old one opens nothing from then on."""
        async with changing(), self._pool.acquire() as connection, connection.transaction():
            refusal = await self._lock_open(connection, token, owner_id)
            if refusal is not None:
                return refusal
            await connection.execute(
                "UPDATE wallets SET token_secret = $2, token_rotated_at = clock_timestamp() WHERE id = $1",
                token.wallet_id,
                new_secret(),
            )
        return await self._shown(token.wallet_id)

    async def close(self, token: WalletToken, owner_id: UUID) -> WalletView | Rejection:
        """Closes the owner's wallet for good. It must be empty; what is held or pending is part of the balance."""
        async with changing(), self._pool.acquire() as connection, connection.transaction():
            # The owner's row first, as where wallets are made: how many are open is counted under its lock. Then all
            # wallets in the order in which writers lock them.
            await connection.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", owner_id)
            await connection.execute(
                "SELECT FROM wallets WHERE owner_id = $1 ORDER BY id FOR NO KEY UPDATE", owner_id
            )
            refusal = await self._lock_open(connection, token, owner_id, empty=True)
            if refusal is not None:
                return refusal
            await connection.execute("UPDATE wallets SET status = 'CLOSED' WHERE id = $1", token.wallet_id)
            await connection.execute(
                """
                UPDATE wallets SET only_one = true
                WHERE owner_id = $1 AND status <> 'CLOSED' AND NOT EXISTS (
                    SELECT FROM wallets AS other
                    WHERE other.owner_id = $1 AND other.status <> 'CLOSED' AND other.id <> wallets.id
                )
                """,
                owner_id,
            )
        return await self._shown(token.wallet_id)

    async def set_frozen(
        self, wallet_id: UUID, token: WalletToken | None, *, frozen: bool
    ) -> WalletView | Rejection:
        """Freezes a wallet or ends that, whoever owns it; twice is no error. A `token` that is given must be right."""
        async with changing(), self._pool.acquire() as connection, connection.transaction():
            found = await _lock(connection, wallet_id, None)
            if found is None or (token is not None and not token.opens(found.token_secret)):
                return _NOT_FOUND
            if found.status == CLOSED:
                return _IS_CLOSED
            await connection.execute(
                "UPDATE wallets SET status = $2::text::wallet_status WHERE id = $1",
                wallet_id,
                FROZEN if frozen else ACTIVE,
            )
        return await self._shown(wallet_id)

    async def _lock_open(
        self, connection: PoolConnectionProxy, token: WalletToken, owner_id: UUID, *, empty: bool = False
    ) -> Rejection | None:
        found = await _lock(connection, token.wallet_id, owner_id)
        if found is None or not token.opens(found.token_secret):
            return _NOT_FOUND
        if found.status == CLOSED:
            return _IS_CLOSED
        if empty and found.balance:
            message = "There is money in the wallet: only an empty one can be closed."
            return Rejection(ErrorCode.WALLET_NOT_EMPTY, message, ("wallet",))
        return None

    async def _shown(self, wallet_id: UUID) -> WalletView:
        try:
            view = await self._reads.wallet(wallet_id)
        except Unavailable:
            # The change is committed.
            raise Unavailable(executed_unknown=True) from None
        assert view is not None
        return view


async def close_all(connection: PoolConnectionProxy, owner_id: UUID) -> Rejection | None:
    """Closes all wallets of an owner whose row the caller has locked, or says why that can't be."""
    rows = await connection.fetch(
        "SELECT balance FROM wallets WHERE owner_id = $1 ORDER BY id FOR NO KEY UPDATE", owner_id
    )
    if any(row["balance"] for row in rows):
        return Rejection(ErrorCode.WALLET_NOT_EMPTY, "There is money in a wallet of this account.")
    # Under the lock of the company's wallets, where authorizations are made: none comes between.
    if await connection.fetchval(_HAS_OPEN_AUTHORIZATIONS, owner_id):
        message = "An authorization of this account still holds money: capture or release it first."
        return Rejection(ErrorCode.AUTHORIZATION_OPEN, message)
    await connection.execute("UPDATE wallets SET status = 'CLOSED' WHERE owner_id = $1", owner_id)
    return None


async def _lock(connection: PoolConnectionProxy, wallet_id: UUID, owner_id: UUID | None) -> _Locked | None:
    # By the owner too: another's row is not even waited for, which would tell it from none.
    row = await connection.fetchrow(
        """
        SELECT token_secret, status::text, balance FROM wallets
        WHERE id = $1 AND kind = 'HOLDER' AND ($2::uuid IS NULL OR owner_id = $2)
        FOR NO KEY UPDATE
        """,
        wallet_id,
        owner_id,
    )
    return None if row is None else _Locked(*row)
