"""Administrators are made once, however often they are asked for."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from auth.accounts import Refused, SignedIn
from auth.administrators import Administrator, create_administrator
from auth.passwords import PasswordHasher
from auth.principal import Role
from auth.service import Auth
from ledger.rejections import ErrorCode

EMAIL = "root@example.com"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(2)
    yield hasher
    hasher.close()


async def test_an_administrator_is_made_and_logs_in(auth: Auth, hasher: PasswordHasher) -> None:
    made = await create_administrator(hasher, EMAIL, PASSWORD)
    assert isinstance(made, Administrator)
    assert made.created
    outcome = await auth.accounts.log_in(EMAIL, PASSWORD, "192.0.2.7")
    assert isinstance(outcome, SignedIn)
    assert outcome.account.role is Role.ADMIN
    assert outcome.account.profile is None


async def test_several_processes_that_start_at_once_make_one(
    hasher: PasswordHasher, pool: asyncpg.Pool
) -> None:
    made = await asyncio.gather(*(create_administrator(hasher, EMAIL, PASSWORD) for _ in range(5)))
    assert [isinstance(one, Administrator) and one.created for one in made].count(True) == 1
    assert len({one.account_id for one in made if isinstance(one, Administrator)}) == 1
    assert await pool.fetchval("SELECT count(*) FROM accounts") == 1


async def test_an_existing_administrator_is_left_alone(hasher: PasswordHasher, pool: asyncpg.Pool) -> None:
    await create_administrator(hasher, EMAIL, PASSWORD)
    before = await pool.fetchrow("SELECT * FROM accounts")
    again = await create_administrator(hasher, EMAIL.upper(), "another good password")
    assert isinstance(again, Administrator)
    assert not again.created
    assert await pool.fetchrow("SELECT * FROM accounts") == before


async def test_a_client_is_not_made_an_administrator(
    auth: Auth, hasher: PasswordHasher, pool: asyncpg.Pool
) -> None:
    await auth.accounts.sign_up_client(
        email=EMAIL, password=PASSWORD, first_name="A", last_name="B", phone_number="123456789"
    )
    refused = await create_administrator(hasher, EMAIL, PASSWORD)
    assert isinstance(refused, Refused)
    assert refused.rejections[0].code is ErrorCode.EMAIL_TAKEN
    assert await pool.fetchval("SELECT role FROM accounts") == "CLIENT"


async def test_weak_passwords_and_bad_emails_are_refused(hasher: PasswordHasher, pool: asyncpg.Pool) -> None:
    for email, password, code in [
        (EMAIL, "password", ErrorCode.PASSWORD_TOO_WEAK),
        (EMAIL, "root@example", ErrorCode.PASSWORD_TOO_WEAK),
        ("root", PASSWORD, ErrorCode.EMAIL_INVALID),
    ]:
        refused = await create_administrator(hasher, email, password)
        assert isinstance(refused, Refused)
        assert refused.rejections[0].code is code
    assert await pool.fetchval("SELECT count(*) FROM accounts") == 0
