"""Who pays and who is paid: their ids, tokens and rows, all computed from a number.

So pgbench, the ledger and the load generator draw from the same wallets without handing lists around. A payer
or a merchant is a 12-digit number; with a prefix it is the id of a wallet, of an account or of a session.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from auth.principal import Principal, Role
from auth.tokens import Tokens
from ledger.partitions import make_partitions
from ledger.tokens import SECRET_BYTES, WalletToken
from runtime.database import open_pool

WALLET = "00000000-0000-7000-8000-"
ACCOUNT = "00000000-0000-7000-9000-"
SESSION = "00000000-0000-7000-a000-"
FIRST_PAYER = 100_000_000_001
FIRST_MERCHANT = 200_000_000_001
OUTSIDE_WALLET = UUID("00000000-0000-7000-8000-300000000001")

# Enough that nobody runs out: the benchmark is of charges that succeed.
OPENING_DEPOSIT_MINOR = 1_000_000_00
SESSION_LIFETIME = timedelta(days=1)
# Enough to ask for deposits and transfers.
SIGNED_IN_PAYERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Population:
    """How many payers and merchants there are. "hot" is a population with one merchant."""

    payers: int
    merchants: int

    def hot(self) -> "Population":
        """The same payers, all charged by one merchant."""
        return Population(self.payers, 1)


def wallet_id(number: int) -> UUID:
    return UUID(f"{WALLET}{number}")


def account_id(number: int) -> UUID:
    return UUID(f"{ACCOUNT}{number}")


def wallet_token(number: int) -> WalletToken:
    """The token as the loaded rows have it."""
    wallet = wallet_id(number)
    return WalletToken(wallet, hashlib.sha256(str(wallet).encode()).digest()[:SECRET_BYTES])


def bearer_token(tokens: Tokens, number: int, role: Role) -> str:
    """A token of the payer's or merchant's session, signed as the service signs its own."""
    principal = Principal(account_id(number), role, UUID(f"{SESSION}{number}"))
    return tokens.issue(principal, datetime.now(UTC) + SESSION_LIFETIME)


_ACCOUNTS = """
    INSERT INTO accounts (id, email, email_key, role, password_hash, created_at)
    SELECT ($1 || n)::uuid, n || '@example.com', n || '@example.com', $2, '!', now()
    FROM generate_series($3::bigint, $4::bigint) AS n
"""
_CLIENTS = """
    INSERT INTO clients SELECT id, 'Ada', 'Lovelace', '+4915112345678' FROM accounts WHERE role = 'CLIENT'
"""
_COMPANIES = """
    INSERT INTO companies
    SELECT id, 'Corner Shop', 'https://shop.example.com', 'Charles', 'Babbage', '+4915112345678'
    FROM accounts WHERE role = 'COMPANY'
"""
_SESSIONS = """
    INSERT INTO sessions (id, account_id, created_at, expires_at)
    SELECT ($1 || n)::uuid, ($2 || n)::uuid, now(), $3 FROM generate_series($4::bigint, $5::bigint) AS n
"""
_OUTSIDE = """
    INSERT INTO wallets (id, kind, currency, balance, sequence, created_at)
    VALUES ($1, 'OUTSIDE', 'USD', -$2::bigint * $3::bigint, $3, now())
"""
_WALLETS = """
    INSERT INTO wallets (id, kind, owner_id, token_secret, currency, balance, sequence, created_at)
    SELECT ($1 || n)::uuid, 'HOLDER', ($2 || n)::uuid, substring(sha256(($1 || n)::bytea) for $3), 'USD',
           $4::bigint, CASE WHEN $4::bigint = 0 THEN 0 ELSE 1 END, now()
    FROM generate_series($5::bigint, $6::bigint) AS n
"""
# What every payer has came from outside, so that the entries sum to zero from the first moment.
_DEPOSITS = """
    WITH deposited AS (
        INSERT INTO operations (id, kind, status, account_id, summary, amount, currency, target_id, credited,
                                created_at)
        SELECT uuidv7(), 'DEPOSIT', 'SUCCEEDED', owner_id, 'Opening deposit', balance, currency, id, balance,
               now()
        FROM wallets WHERE kind = 'HOLDER' AND balance > 0
        RETURNING id, target_id, amount, currency
    ), numbered AS (
        SELECT *, row_number() OVER (ORDER BY id) AS number FROM deposited
    )
    INSERT INTO entries (wallet_id, sequence, operation_id, amount, currency, balance_after, created_at)
    SELECT target_id, 1, id, amount, currency, amount, now() FROM numbered
    UNION ALL
    SELECT $1, number, id, -amount, currency, -amount * number, now() FROM numbered
"""


async def load(dsn: str, population: Population) -> None:
    """Fills a migrated, empty database with the population, set by set, and with its partitions."""
    async with open_pool(dsn, 1) as pool:
        await make_partitions(pool, 1)
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await _load(connection, population)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def _load(connection: asyncpg.Connection, population: Population) -> None:
    payers = (FIRST_PAYER, FIRST_PAYER + population.payers - 1)
    merchants = (FIRST_MERCHANT, FIRST_MERCHANT + population.merchants - 1)
    await connection.execute(_ACCOUNTS, ACCOUNT, "CLIENT", *payers)
    await connection.execute(_ACCOUNTS, ACCOUNT, "COMPANY", *merchants)
    await connection.execute(_CLIENTS)
    await connection.execute(_COMPANIES)
    signed_in = (FIRST_PAYER, FIRST_PAYER + min(population.payers, SIGNED_IN_PAYERS_MAX) - 1)
    for numbers in (merchants, signed_in):
        await connection.execute(_SESSIONS, SESSION, ACCOUNT, datetime.now(UTC) + SESSION_LIFETIME, *numbers)
    await connection.execute(_OUTSIDE, OUTSIDE_WALLET, OPENING_DEPOSIT_MINOR, population.payers)
    await connection.execute(_WALLETS, WALLET, ACCOUNT, SECRET_BYTES, OPENING_DEPOSIT_MINOR, *payers)
    await connection.execute(_WALLETS, WALLET, ACCOUNT, SECRET_BYTES, 0, *merchants)
    await connection.execute(_DEPOSITS, OUTSIDE_WALLET)
