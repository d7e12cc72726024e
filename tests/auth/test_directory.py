"""Accounts are found by the index as they would be by looking at each, and neither way goes through all of them."""

import itertools
import secrets
from uuid import UUID

import asyncpg
import pytest

from auth import directory
from auth.account_records import AccountRecord
from auth.directory import AccountFilter, Directory
from auth.principal import Role
from auth.service import Auth
from ledger.reads import ID_MAX, ID_MIN, Span
from ledger.statements import load_statements
from tests.client import PASSWORD

NAMES = ["Anna", "Hannah", "Joanna", "Ann", "Hanno", "Nanette"]
TEXTS = ["ann", "anna", "hann", "nn", "n", "", "x.ann", "nna h", "zzz", "nnann", None]


async def _accounts(auth: Auth, connection: asyncpg.Connection) -> list[AccountRecord]:
    """Thirty-six clients, of which five are deleted, in their order."""
    for first, last in itertools.product(NAMES, NAMES):
        await auth.accounts.sign_up_client(
            email=f"{secrets.token_hex(3)}x.{first}@example.com",
            password=PASSWORD,
            first_name=first,
            last_name=last,
            phone_number="+4915112345678",
        )
    deleted = await connection.fetch("SELECT id FROM accounts ORDER BY id OFFSET 3 LIMIT 5")
    for row in deleted:
        await connection.execute("DELETE FROM clients WHERE account_id = $1", row["id"])
        await connection.execute(
            "UPDATE accounts SET searched = '', deleted_at = clock_timestamp() WHERE id = $1", row["id"]
        )
    return await auth.directory.page(AccountFilter(), Span(ID_MIN, ID_MAX, descending=False, limit=100))


def _is_found(record: AccountRecord, text: str | None) -> bool:
    if not text:
        return True
    profile = record.profile
    texts = [record.email, f"{profile.first_name} {profile.last_name}"] if profile is not None else []
    return any(text in searched.lower() for searched in texts)


@pytest.mark.parametrize("next_accounts", [0, 7, 5_000])
async def test_every_page_is_what_looking_at_each_would_find(
    auth: Auth, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, next_accounts: int
) -> None:
    monkeypatch.setattr(directory, "_NEXT_ACCOUNTS", next_accounts)
    everyone = await _accounts(auth, connection)
    assert len(everyone) == 36
    places = [ID_MIN, everyone[9].id, everyone[30].id, ID_MAX]
    for text in TEXTS:
        wanted = AccountFilter(roles=[Role.CLIENT], text=text)
        expected = [record.id for record in everyone if _is_found(record, text)]
        assert await auth.directory.count(wanted) == len(expected)
        for (low, high), limit, descending in itertools.product(
            itertools.combinations(places, 2), (1, 4, 100), (False, True)
        ):
            between = [id_ for id_ in expected if low < id_ < high]
            if descending:
                between.reverse()
            page = await auth.directory.page(wanted, Span(low, high, descending=descending, limit=limit))
            assert [record.id for record in page] == between[:limit]


async def test_neither_way_goes_through_all_accounts(connection: asyncpg.Connection) -> None:
    await connection.execute(
        """
        INSERT INTO accounts (id, email, email_key, role, password_hash, created_at, searched)
        SELECT gen_random_uuid(), n, n, 'CLIENT', '', now(), 'client' || n || '@example.com'
        FROM generate_series(1, 20000) AS n
        """
    )
    await connection.execute("ANALYZE accounts")
    statements = load_statements("directory.sql", "auth")
    for plan_for in ("force_generic_plan", "force_custom_plan"):
        await connection.execute(f"SET plan_cache_mode = {plan_for}")
        # All of them have the last one, in which the planner would like to look at each.
        for text in ("client777@", "nobody", "client"):
            wanted = (None, None, None, text)
            page = (ID_MIN, ID_MAX, *wanted, 21)
            assert await _used(connection, statements["scan"], (*page, 5_000)) == {"accounts_pkey"}
            assert await _used(connection, statements["find"], page) == {"accounts_searched"}
            assert await _used(connection, statements["count_found"], wanted) == {"accounts_searched"}


async def _used(connection: asyncpg.Connection, statement: str, arguments: tuple[object, ...]) -> set[str]:
    """What the statement reads accounts by: indexes, and the table itself where it is read from end to end."""
    # What was counted before.
    await connection.execute("SELECT pg_stat_force_next_flush()")
    async with connection.transaction():
        await connection.fetch(statement, *arguments)
        rows = await connection.fetch(
            """
            SELECT relname FROM pg_class
            WHERE relname LIKE 'accounts%' AND relkind IN ('r', 'i') AND pg_stat_get_xact_numscans(oid) > 0
            """
        )
    return {row["relname"] for row in rows}


async def test_what_the_page_is_full_of_needs_no_index(
    auth: Auth, pool: asyncpg.Pool, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    everyone = await _accounts(auth, connection)
    statements = load_statements("directory.sql", "auth")
    monkeypatch.setattr(directory, "_NEWEST_FIRST", {"scan": statements["scan"]})
    found = await Directory(pool).page(
        AccountFilter(text="example.com"), Span(ID_MIN, ID_MAX, descending=True, limit=20)
    )
    assert [record.id for record in found] == [record.id for record in everyone[:-21:-1]]
    with pytest.raises(KeyError, match="find"):
        await Directory(pool).page(
            AccountFilter(text="nobody"), Span(ID_MIN, UUID(int=1), descending=True, limit=20)
        )
