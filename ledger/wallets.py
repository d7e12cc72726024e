"""Making wallets: not on the hot path, and not money yet, so a plain transaction of its own."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ledger.asking import changing
from ledger.ids import new_id
from ledger.outcomes import WalletView
from ledger.rejections import ErrorCode, Rejection
from ledger.tokens import new_secret

# How long a change of a currency takes to be seen by every process.
_KNOWN_EVERYWHERE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NewWallet:
    """What an owner asks for; texts are trimmed and checked already."""

    owner_id: UUID
    currency: str
    name: str | None = None
    country: str | None = None
    city: str | None = None


async def create_wallet(pool: asyncpg.Pool, asked: NewWallet, *, wallets_max: int) -> WalletView | Rejection:
    """Makes an empty wallet, unless its owner has `wallets_max` open ones already (0: no limit).

    Raises Unavailable when the database does not answer in time.
    """
    wallet = WalletView(
        id=new_id(),
        owner_id=asked.owner_id,
        token_secret=new_secret(),
        name=asked.name,
        country=asked.country,
        city=asked.city,
        currency=asked.currency,
        status="ACTIVE",
        balance=0,
        held=0,
        pending=0,
        created_at=datetime.now(UTC),
    )
    async with changing():
        while True:
            async with pool.acquire() as connection, connection.transaction():
                unknown_for = await _unknown_somewhere_for(connection, wallet.currency)
                if unknown_for is None:
                    message = f"There is no currency {wallet.currency} here."
                    return Rejection(ErrorCode.CURRENCY_UNKNOWN, message, ("currency",))
                if not unknown_for:
                    return await _insert(connection, wallet, wallets_max) or wallet
            # Nothing is held meanwhile: whoever sets the currency's decimals need not wait.
            await asyncio.sleep(unknown_for)


async def _insert(connection: PoolConnectionProxy, wallet: WalletView, wallets_max: int) -> Rejection | None:
    # The owner's row is the lock: two wallets at once are counted one after the other.
    is_deleted = await connection.fetchval(
        "SELECT deleted_at IS NOT NULL FROM accounts WHERE id = $1 FOR NO KEY UPDATE", wallet.owner_id
    )
    if is_deleted:
        return Rejection(ErrorCode.WALLET_LIMIT_REACHED, "The account was deleted.")
    open_count = await connection.fetchval(
        "SELECT count(*) FROM wallets WHERE owner_id = $1 AND status <> 'CLOSED'", wallet.owner_id
    )
    if wallets_max and open_count >= wallets_max:
        return Rejection(
            ErrorCode.WALLET_LIMIT_REACHED, f"An account of this kind has at most {wallets_max} wallets."
        )
    if open_count == 1:
        await connection.execute(
            "UPDATE wallets SET only_one = false WHERE owner_id = $1 AND only_one", wallet.owner_id
        )
    await connection.execute(
        """
        INSERT INTO wallets (id, kind, owner_id, token_secret, name, country, city, currency, only_one, created_at)
        VALUES ($1, 'HOLDER', $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        *(wallet.id, wallet.owner_id, wallet.token_secret, wallet.name, wallet.country, wallet.city),
        *(wallet.currency, open_count == 0, wallet.created_at),
    )
    return None


async def _unknown_somewhere_for(connection: PoolConnectionProxy, code: str) -> float | None:
    """For how many seconds other processes may yet show its amounts with other decimals; None where there is none."""
    # Held until the wallet is made, so that its decimals stand still.
    known_for = await connection.fetchval(
        """
        SELECT coalesce(extract(epoch FROM clock_timestamp() - exponent_set_at)::float8, 'infinity')
        FROM currencies WHERE code = $1 FOR KEY SHARE
        """,
        code,
    )
    return None if known_for is None else max(0.0, _KNOWN_EVERYWHERE_SECONDS - known_for)
