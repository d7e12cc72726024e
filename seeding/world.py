"""The whole of it in one transaction: everything is there in the end, or nothing is."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import asyncpg

from auth.passwords import hash_with_salt
from ledger.accounts import ACTIVE, Wallet
from ledger.currencies import CurrencyBook
from ledger.tokens import write_token
from seeding.history import History
from seeding.life import owner_of, token_of
from seeding.naming import ADMINISTRATOR, accounts
from seeding.plan import Plan
from seeding.population import Population
from seeding.rates import MonthlyRates
from seeding.writing import SQL, batches, write_accounts, write_part, write_rates, write_wallets

# Of everybody, so that one can be anybody. README.md has the same one.
PASSWORD = "correct-horse-9"  # noqa: S105 - no secret: production has no such accounts
_SALT_BYTES = 16


# Shows the work of a block: what it is, and how much in all. What it gives tells that so much more is done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


class NotEmpty(Exception):
    """There is something in the database already."""


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


async def make_world(connection: asyncpg.Connection, plan: Plan, progress: Progress) -> World:
    """Writes the world of that plan into an empty database whose partitions are there. Raises NotEmpty."""
    async with connection.transaction():
        await connection.execute(SQL["lock_accounts"])
        await refuse_unless_empty(connection)
        world = await _write(connection, plan, progress)
        # Within: whoever stops it here is told that there is nothing, too.
        await connection.execute(SQL["analyze"])
    return world


async def _write(connection: asyncpg.Connection, plan: Plan, progress: Progress) -> World:
    currencies = CurrencyBook({})
    await currencies.refresh(connection)
    rates, population = MonthlyRates(plan), Population.of(plan)
    rows = await _write_accounts(connection, plan, population, rates, progress)
    history = History(plan, population, currencies.current, rates)
    rows += await _write_history(connection, plan, history, progress)
    rows["wallets"] = await _write_wallets(connection, population, history, progress)
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
    progress: Progress,
) -> Counter[str]:
    password_hash = hash_with_salt(PASSWORD, plan.luck("salt").randbytes(_SALT_BYTES))
    rows = Counter(clients=plan.clients, companies=plan.companies)
    with progress("Writing accounts", 1 + plan.clients + plan.companies) as advance:
        for batch in batches(accounts(plan, population)):
            await write_accounts(connection, batch, password_hash)
            if "accounts" not in rows:
                # The first one is the administrator's, who sets them.
                await write_rates(connection, rates, batch[0].id)
            rows["accounts"] += len(batch)
            advance(len(batch))
    return rows


async def _write_history(
    connection: asyncpg.Connection, plan: Plan, history: History, progress: Progress
) -> Counter[str]:
    rows: Counter[str] = Counter()
    parts = history.parts()
    part = await asyncio.to_thread(next, parts, None)
    with progress("Writing operations", plan.operations) as advance:
        while part is not None:
            counts = {table: len(own) for table, own in part._asdict().items()}
            # The next one is told in a thread meanwhile: the database takes as long to write one.
            telling = asyncio.to_thread(next, parts, None)
            _, part = await asyncio.gather(write_part(connection, part), telling)
            rows.update(counts)
            advance(counts["operations"])
    return rows


async def _write_wallets(
    connection: asyncpg.Connection, population: Population, history: History, progress: Progress
) -> int:
    count = len(population.wallets) + len(population.others) + len(population.companies)
    with progress("Writing wallets", count) as advance:
        for batch in batches(population.holders()):
            await write_wallets(connection, batch)
            advance(len(batch))
        for (kind, _), wallet in history.system.items():
            if wallet.sequence:
                await write_wallets(connection, [wallet], kind)
    return count


def _activity(wallet: Wallet) -> tuple[bool, int]:
    return wallet.status == ACTIVE, wallet.sequence
