"""Opening the books for a batch: locks what its commands need, always in one order, and loads it."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from ledger.accounts import ACTIVE, CLOSED, Wallet
from ledger.books import EXCHANGE, Books, Reservation, Share, SystemAccount, Withdrawal
from ledger.commands import Authorize, Capture, CarryOut, Charge, Command, Enqueue, Refund, Release
from ledger.currencies import CurrencyBook
from ledger.decisions import Need, crosses_the_border, named_currency, needs, usual_of
from ledger.money import BIGINT_MAX
from ledger.statements import load_statements
from ledger.system_wallets import SystemWallets
from ledger.withdrawal_commands import CancelWithdrawal, SettleWithdrawal

SQL = load_statements("statements.sql")
LOCK_FREE_WALLETS = SQL["lock_free_wallets"]


async def open_books(
    connection: asyncpg.Connection,
    commands: Sequence[Command],
    currencies: CurrencyBook,
    system: SystemWallets,
) -> Books:
    """All that the commands may need, locked until the transaction ends: holders' wallets, then the system's.

    Reservations, shares and what is queued are not locked themselves: they change only under the lock of their
    wallets. Withdrawals are, by workers too.
    """
    books = await _lock_wallets(connection, commands, currencies)
    if needed := _needed(commands, books):
        books.system = await _lock_system_wallets(connection, needed, books, system)
        if any(kind == EXCHANGE for kind, _ in needed):
            # A currency's decimals stand still from here on: a wallet of it is there.
            revision = await connection.fetchval(SQL["currency_revision"])
            await _refresh(connection, revision, currencies)
            books.currencies = currencies.current
    await _load_withdrawals(connection, commands, books)
    await _load_reservations(connection, commands, books)
    await _load_shares(connection, commands, books)
    await _load_queued(connection, commands, books)
    return books


async def _lock_wallets(
    connection: asyncpg.Connection, commands: Sequence[Command], currencies: CurrencyBook
) -> Books:
    ids = {wallet_id for command in commands for wallet_id in command.wallet_ids()}
    rows = await connection.fetch(SQL["lock_wallets"], list(ids))
    instant = max(row["locked_at"] for row in rows)
    await _refresh(connection, rows[0]["revision"], currencies)
    # The statement's columns stand in the order of Wallet's fields, the time and the revision after them. Where no
    # wallet was found there is a row all the same, for those two.
    wallets = {row[0]: Wallet(*row[:-2]) for row in rows if row[0] is not None}
    books = Books(currencies.current, instant, wallets)
    if companies := _remembered_wrongly(commands, books):
        await _lock_usual_wallets(connection, companies, books)
    return books


def _remembered_wrongly(commands: Sequence[Command], books: Books) -> set[UUID]:
    """The companies that have closed the wallet that was remembered as their only one, or opened another."""
    companies = set()
    for command in commands:
        asked = command.command if isinstance(command, Enqueue) else command
        if isinstance(asked, Charge | Authorize) and asked.into is None:
            usual = usual_of(asked, books)
            if usual is None or usual.status == CLOSED:
                companies.add(asked.account_id)
    return companies


async def _lock_usual_wallets(connection: asyncpg.Connection, companies: set[UUID], books: Books) -> None:
    # Out of the order of ids: who meets a deadlock for it tries again, and it is seldom.
    rows = await connection.fetch(SQL["only_wallets"], list(companies))
    usual: dict[UUID, UUID] = {row["owner_id"]: row["id"] for row in rows}
    for row in await connection.fetch(SQL["lock_wallets"], list(usual.values())):
        books.instant = max(books.instant, row["locked_at"])
        if row[0] is not None:
            books.wallets[row[0]] = Wallet(*row[:-2])
    books.usual_ids = usual


async def _refresh(connection: asyncpg.Connection, revision: int, currencies: CurrencyBook) -> None:
    if revision != currencies.revision:
        await currencies.refresh(connection)


def _needed(commands: Sequence[Command], books: Books) -> dict[SystemAccount, list[Need]]:
    codes = {wallet.currency for wallet in books.wallets.values()}
    codes.update(code for command in commands if (code := named_currency(command)) is not None)
    needed: dict[SystemAccount, list[Need]] = {}
    for command in commands:
        # In one currency nothing is exchanged, so that only the outside world is needed.
        if len(codes) > 1 or crosses_the_border(command):
            for need in needs(command, books):
                needed.setdefault((need.kind, need.currency), []).append(need)
    return needed


async def _lock_system_wallets(
    connection: asyncpg.Connection,
    needed: dict[SystemAccount, list[Need]],
    books: Books,
    system: SystemWallets,
) -> dict[SystemAccount, list[Wallet]]:
    """Of each account as many wallets as have room for all that the commands may post, in either direction."""
    left_minor = Counter({account: sum(need.amount_minor for need in own) for account, own in needed.items()})
    most_minor = {account: max(need.amount_minor for need in own) for account, own in needed.items()}
    locked: dict[SystemAccount, list[Wallet]] = {account: [] for account in needed}
    ahead = 0
    while accounts := sorted(account for account, left in left_minor.items() if left > 0):
        ids = [system.id_in(account, ahead) for account in accounts]
        kinds, codes = map(list, zip(*accounts, strict=True))
        for row in await connection.fetch(SQL["lock_system_wallets"], ids, kinds, codes):
            account, balance = (row["kind"], row["currency"]), row["balance"]
            locked[account].append(
                Wallet(row["id"], None, None, account[1], ACTIVE, balance, 0, 0, row["sequence"], True)
            )
            books.instant = max(books.instant, row["locked_at"])
            # What is left beside one more posting may stay unused: the one that comes may not fit.
            left_minor[account] -= max(0, BIGINT_MAX - abs(balance) - most_minor[account])
        ahead += 1
    for account, wallets in locked.items():
        if abs(wallets[0].balance) + most_minor[account] > BIGINT_MAX:
            system.go_on(account)
    return locked


async def _load_reservations(
    connection: asyncpg.Connection, commands: Sequence[Command], books: Books
) -> None:
    named = [command.authorization_id for command in commands if isinstance(command, Capture | Release)]
    # What is refunded of a capture counts for its authorization.
    refunded = [command.charge for command in commands if isinstance(command, Refund) and command.charge]
    named += [charge.origin_id for charge in refunded if charge.origin_id is not None]
    named += books.withdrawals
    # Only where something is set aside can something be over by now.
    setting_aside = [wallet.id for wallet in books.wallets.values() if wallet.held or wallet.pending]
    if named or setting_aside:
        rows = await connection.fetch(SQL["reservations"], named, setting_aside, books.instant)
        # What is named without its wallet being locked is not the caller's to use.
        books.reservations = {row[0]: Reservation(*row) for row in rows if row["wallet_id"] in books.wallets}


async def _load_shares(connection: asyncpg.Connection, commands: Sequence[Command], books: Books) -> None:
    named = [command.charge.id for command in commands if isinstance(command, Refund) and command.charge]
    if named:
        shares: dict[UUID, list[Share]] = {}
        for row in await connection.fetch(SQL["shares"], named):
            shares.setdefault(row["operation_id"], []).append(Share(*row))
        books.shares = {operation_id: tuple(own) for operation_id, own in shares.items()}


async def _load_withdrawals(
    connection: asyncpg.Connection, commands: Sequence[Command], books: Books
) -> None:
    named = [
        command.withdrawal.id
        for command in commands
        if isinstance(command, CancelWithdrawal | SettleWithdrawal) and command.withdrawal is not None
    ]
    if named:
        rows = await connection.fetch(SQL["lock_withdrawals"], named)
        books.withdrawals = {row[0]: Withdrawal(*row) for row in rows}


async def _load_queued(connection: asyncpg.Connection, commands: Sequence[Command], books: Books) -> None:
    named = [command.accepted.id for command in commands if isinstance(command, CarryOut)]
    if named:
        rows = await connection.fetch(SQL["still_queued"], named)
        books.queued_ids = {row["id"] for row in rows}
