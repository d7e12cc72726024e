"""Rows into tables, by COPY.

All triggers and constraints hold meanwhile: what is written is looked at like everything that the writer writes.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar
from uuid import UUID

import asyncpg

from auth.principal import Role
from ledger.accounts import Wallet
from ledger.statements import load_statements
from seeding.naming import Account
from seeding.rates import MonthlyRates
from seeding.recording import Row, Rows

SQL = load_statements("writing.sql", __package__)

# In one COPY.
ROWS_MAX = 10_000
# One COPY of so many rows that takes longer has met a fault.
COPY_SECONDS_MAX = 600.0

_COLUMNS = {
    "accounts": "id email email_key role password_hash created_at searched",
    "clients": "account_id first_name last_name phone_number",
    "companies": "account_id name url first_name last_name phone_number",
    "wallets": (
        "id kind owner_id token_secret name country city currency status balance held pending sequence only_one "
        "created_at"
    ),
    # As ledger/sheet.py and ledger/books.py have them.
    "operations": (
        "id kind status failure_code account_id summary amount currency source_id target_id debited credited rate "
        "origin_id due_at accepted_at created_at"
    ),
    "entries": "wallet_id sequence operation_id amount currency balance_after created_at",
    "idempotency_keys": "account_id key fingerprint operation_id rejection",
    "reservations": (
        "operation_id kind wallet_id account_id state asked captured refunded remaining debit credit ends_at"
    ),
    "shares": "operation_id number wallet_id amount moved refunded returned",
    "withdrawals": "operation_id wallet_id account_id destination state attempts due_at",
    "withdrawal_attempts": "operation_id number started_at not_after ended_at result",
    "queued_operations": (
        "id lane wallet_id kind account_id summary amount currency source_id target_id command accepted_at"
    ),
}
_PROFILES = {Role.CLIENT: "clients", Role.COMPANY: "companies"}

Item = TypeVar("Item")


async def write_accounts(
    connection: asyncpg.Connection, accounts: Iterable[Account], password_hash: str
) -> None:
    """The accounts with their profiles."""
    profiles: dict[str, list[Row]] = {"clients": [], "companies": []}
    rows = []
    for account in accounts:
        rows.append(
            (
                account.id,
                account.email,
                account.email_key,
                account.role.value,
                password_hash,
                account.created_at,
                account.searched,
            )
        )
        if account.role in _PROFILES:
            profiles[_PROFILES[account.role]].append((account.id, *account.profile))
    await _copy(connection, "accounts", rows)
    for table, own in profiles.items():
        await _copy(connection, table, own)


async def write_part(connection: asyncpg.Connection, rows: Rows) -> None:
    """A part of the history."""
    for table, own in rows._asdict().items():
        await _copy(connection, table, own)


async def write_wallets(
    connection: asyncpg.Connection, wallets: Iterable[Wallet], kind: str = "HOLDER"
) -> None:
    """Wallets as they are in the end."""
    rows = [
        (
            *(
                wallet.id,
                kind,
                wallet.owner_id,
                wallet.token_secret,
                wallet.name,
                wallet.country,
                wallet.city,
            ),
            *(wallet.currency, wallet.status, wallet.balance, wallet.held, wallet.pending, wallet.sequence),
            *(wallet.only_one, wallet.created_at),
        )
        for wallet in wallets
    ]
    await _copy(connection, "wallets", rows)


async def write_rates(connection: asyncpg.Connection, rates: MonthlyRates, administrator_id: UUID) -> None:
    """All rates that there were, the last ones as those of now."""
    await connection.execute(SQL["count_revision"])
    for set_at, change in rates.changes.items():
        await connection.execute(
            SQL["set_rates"], list(change), list(change.values()), set_at, administrator_id
        )


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items, ROWS_MAX at a time."""
    rest = iter(items)
    while batch := list(islice(rest, ROWS_MAX)):
        yield batch


async def _copy(connection: asyncpg.Connection, table: str, rows: list[Row]) -> None:
    if rows:
        await connection.copy_records_to_table(
            table, records=rows, columns=_COLUMNS[table].split(), timeout=COPY_SECONDS_MAX
        )
