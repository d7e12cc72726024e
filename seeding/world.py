"""The whole of it in one transaction: everything is there in the end, or nothing is."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import asyncpg

from auth.passwords import hash_with_salt
from ledger.accounts import ACTIVE, Wallet
from ledger.currencies import CurrencyBook
from ledger.tokens import write_token
from seeding.history import History
from seeding.life import owner_of, token_of
from seeding.naming import ADMINISTRATOR, accounts
from seeding.plan import Plan, instant_of
from seeding.population import Population
from seeding.rates import MonthlyRates
from seeding.writing import SQL, batches, write_accounts, write_part, write_rates, write_wallets

# Of everybody, so that one can be anybody. README.md has the same one.
PASSWORD = "correct-horse-9"  # noqa: S105 - no secret: production has no such accounts
_SALT_BYTES = 16


class NotEmpty(Exception):
    """There is something in the database already."""


class Progress(NamedTuple):
    """How far it is: so many of all the accounts, operations or wallets; with operations, up to which time."""

    what: str
    done: int
    total: int
    at: datetime | None = None


class World(NamedTuple):
    """What there is now, by table, and who can log in: each an e-mail address, and a wallet's token."""

    rows: dict[str, int]
    client: str
    client_wallet: str
    company: str
    company_wallet: str
    administrator: str = ADMINISTRATOR


async def refuse_unless_empty(connection: asyncpg.Connection) -> None:
    """Raises NotEmpty where there is an account, a wallet or an archive."""
    if not await connection.fetchval(SQL["is_empty"]):
        raise NotEmpty


async def make_world(connection: asyncpg.Connection, plan: Plan, tell: Callable[[Progress], None]) -> World:
    """Writes the world of that plan into an empty database whose partitions are there. Raises NotEmpty."""
    async with connection.transaction():
        await connection.execute(SQL["lock_accounts"])
        await refuse_unless_empty(connection)
        world = await _write(connection, plan, tell)
    await connection.execute(SQL["analyze"])
    return world


async def _write(connection: asyncpg.Connection, plan: Plan, tell: Callable[[Progress], None]) -> World:
    currencies = CurrencyBook({})
    await currencies.refresh(connection)
    rates, population = MonthlyRates(plan), Population.of(plan)
    rows = await _write_accounts(connection, plan, population, rates, tell)
    history = History(plan, population, currencies.current, rates)
    parts = history.parts()
    told = await asyncio.to_thread(next, parts, None)
    while told is not None:
        for table, own in told.rows._asdict().items():
            rows[table] = rows.get(table, 0) + len(own)
        tell(Progress("operations", told.operations, plan.operations, instant_of(told.until_ms)))
        # The next one is told in a thread meanwhile: the database takes as long to write one.
        _, told = await asyncio.gather(
            write_part(connection, told.rows), asyncio.to_thread(next, parts, None)
        )
    rows["wallets"] = await _write_wallets(connection, population, history, tell)
    client = max(population.wallets, key=_activity)
    company = max((company.wallet for company in population.companies), key=_activity)
    return World(
        rows,
        await connection.fetchval(SQL["email"], owner_of(client)),
        write_token(*token_of(client)),
        await connection.fetchval(SQL["email"], owner_of(company)),
        write_token(*token_of(company)),
    )


async def _write_accounts(
    connection: asyncpg.Connection,
    plan: Plan,
    population: Population,
    rates: MonthlyRates,
    tell: Callable[[Progress], None],
) -> dict[str, int]:
    password_hash = hash_with_salt(PASSWORD, plan.luck("salt").randbytes(_SALT_BYTES))
    total, done = 1 + plan.clients + plan.companies, 0
    for batch in batches(accounts(plan, population)):
        await write_accounts(connection, batch, password_hash)
        if done == 0:
            # The first one is the administrator's, who sets them.
            await write_rates(connection, rates, batch[0].id)
        done += len(batch)
        tell(Progress("accounts", done, total))
    return {"accounts": done, "clients": plan.clients, "companies": plan.companies}


async def _write_wallets(
    connection: asyncpg.Connection, population: Population, history: History, tell: Callable[[Progress], None]
) -> int:
    total, done = len(population.wallets) + len(population.others) + len(population.companies), 0
    for batch in batches(population.holders()):
        await write_wallets(connection, batch)
        done += len(batch)
        tell(Progress("wallets", done, total))
    for (kind, _), wallet in history.system.items():
        if wallet.sequence:
            await write_wallets(connection, [wallet], kind)
    return done


def _activity(wallet: Wallet) -> tuple[bool, int]:
    return wallet.status == ACTIVE, wallet.sequence
