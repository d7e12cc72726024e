"""Signing up, logging in and out, changing the password, on a real database."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import jwt
import pytest
from passlib.hash import argon2

from auth.account_records import find_account
from auth.accounts import Refused, SignedIn
from auth.errors import Unauthenticated
from auth.principal import Principal, Role
from auth.service import Auth
from ledger.rejections import ErrorCode
from models.accounts import ClientProfile, CompanyProfile
from tests.databases import until_waiting

EMAIL = "Alice@Example.com"
PASSWORD = "correct horse battery"
ADDRESS = "192.0.2.7"
CLIENT = {
    "email": EMAIL,
    "password": PASSWORD,
    "first_name": "Alice",
    "last_name": "Liddell",
    "phone_number": "+1" + "2" * 15,
}


async def sign_up(auth: Auth, **changes: str) -> SignedIn:
    whole: dict[str, Any] = CLIENT | changes
    outcome = await auth.accounts.sign_up_client(**whole)
    assert isinstance(outcome, SignedIn)
    return outcome


async def log_in(auth: Auth, email: str = EMAIL, password: str = PASSWORD) -> SignedIn | Refused:
    return await auth.accounts.log_in(email, password, ADDRESS)


async def signed_in(auth: Auth, password: str = PASSWORD) -> SignedIn:
    outcome = await log_in(auth, password=password)
    assert isinstance(outcome, SignedIn)
    return outcome


async def principal_of(auth: Auth, outcome: SignedIn) -> Principal:
    principal = await auth.authenticator.authenticate(outcome.token)
    assert principal is not None
    return principal


async def is_refused(auth: Auth, outcome: SignedIn) -> bool:
    try:
        await principal_of(auth, outcome)
    except Unauthenticated:
        return True
    return False


def codes(outcome: SignedIn | Refused | None) -> list[ErrorCode]:
    assert isinstance(outcome, Refused)
    return [rejection.code for rejection in outcome.rejections]


async def test_a_client_signs_up_and_is_signed_in(auth: Auth, pool: asyncpg.Pool) -> None:
    outcome = await sign_up(auth)
    assert (outcome.account.email, outcome.account.role) == ("Alice@example.com", Role.CLIENT)
    assert isinstance(outcome.account.profile, ClientProfile)
    principal = await principal_of(auth, outcome)
    assert (principal.account_id, principal.role) == (outcome.account.id, Role.CLIENT)
    stored = await find_account(principal.account_id)
    assert stored is not None
    assert isinstance(stored.profile, ClientProfile)
    assert stored.profile.phone_number == CLIENT["phone_number"]
    [row] = await pool.fetch("SELECT * FROM accounts")
    assert row["email_key"] == "alice@example.com"
    assert row["password_hash"].startswith("$argon2id$")
    [session] = await pool.fetch("SELECT * FROM sessions")
    assert (session["id"], session["expires_at"]) == (principal.session_id, outcome.expires_at)
    assert timedelta(minutes=119) < outcome.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    exp = jwt.decode(outcome.token, options={"verify_signature": False})["exp"]
    assert exp == outcome.expires_at.timestamp()


async def test_a_company_signs_up(auth: Auth) -> None:
    whole: dict[str, Any] = CLIENT | {"name": " Hatter & Hare ", "url": "https://hatter.example.com"}
    outcome = await auth.accounts.sign_up_company(**whole)
    assert isinstance(outcome, SignedIn)
    assert (await principal_of(auth, outcome)).role is Role.COMPANY
    stored = await find_account(outcome.account.id)
    assert stored is not None
    assert isinstance(stored.profile, CompanyProfile)
    assert (stored.profile.name, stored.profile.url) == ("Hatter & Hare", "https://hatter.example.com")


async def test_a_refused_sign_up_leaves_nothing(auth: Auth, pool: asyncpg.Pool) -> None:
    whole: dict[str, Any] = CLIENT | {"password": "1", "first_name": ""}
    assert set(codes(await auth.accounts.sign_up_client(**whole))) == {
        ErrorCode.PASSWORD_TOO_WEAK,
        ErrorCode.BLANK,
    }
    assert await pool.fetchval("SELECT count(*) FROM accounts") == 0


async def test_of_many_sign_ups_with_one_email_one_succeeds(auth: Auth, pool: asyncpg.Pool) -> None:
    spellings = [EMAIL, EMAIL.upper(), EMAIL.lower(), EMAIL.swapcase()] * 3
    outcomes = await asyncio.gather(
        *(auth.accounts.sign_up_client(**dict[str, Any](CLIENT | {"email": email})) for email in spellings)
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refused) == len(spellings) - 1
    for outcome in refused:
        assert codes(outcome) == [ErrorCode.EMAIL_TAKEN]
        assert outcome.rejections[0].field == ("email",)
    for table in ("accounts", "clients", "sessions"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 1


async def test_logging_in_is_no_matter_of_case_in_the_email(auth: Auth) -> None:
    account = (await sign_up(auth)).account
    for email in (EMAIL, EMAIL.lower(), EMAIL.upper()):
        outcome = await log_in(auth, email)
        assert isinstance(outcome, SignedIn)
        assert outcome.account.id == account.id
        assert (await principal_of(auth, outcome)).account_id == account.id


async def test_a_wrong_email_and_a_wrong_password_look_the_same(auth: Auth) -> None:
    await sign_up(auth)
    wrong = [
        (EMAIL, "not the password"),
        ("bob@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
        ("x" * 100_000, "y" * 100_000),
        ("alice\0@example.com", PASSWORD + "\0"),
        ("alice\ud800@example.com", PASSWORD + "\ud800"),
    ]
    refusals = [await auth.accounts.log_in(*pair, f"192.0.2.{n}") for n, pair in enumerate(wrong)]
    assert set(refusals) == {refusals[0]}
    assert codes(refusals[0]) == [ErrorCode.BAD_CREDENTIALS]


async def test_a_wrong_email_and_a_wrong_password_take_the_same_time(auth: Auth) -> None:
    await sign_up(auth)

    async def seconds(email: str, number: int) -> float:
        start = time.perf_counter()
        # An address of its own each time: this is about time, not about counting.
        await auth.accounts.log_in(email, "not the password", f"198.51.100.{number}")
        return time.perf_counter() - start

    # Fewer than make the throttle slow one e-mail down.
    pairs = [(await seconds(EMAIL, n), await seconds("bob@example.com", n)) for n in range(19)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    # Without the hash an answer comes in a tenth of the time.
    assert 0.5 < known / unknown < 2


async def test_a_hash_of_an_older_kind_is_renewed_at_log_in(auth: Auth, pool: asyncpg.Pool) -> None:
    await sign_up(auth)
    old = argon2.using(type="ID", memory_cost=8192, time_cost=1, parallelism=1).hash(PASSWORD)
    await pool.execute("UPDATE accounts SET password_hash = $1", old)
    await signed_in(auth)
    assert "m=19456,t=2,p=1" in await pool.fetchval("SELECT password_hash FROM accounts")
    await signed_in(auth)


async def test_a_deleted_account_can_not_log_in(auth: Auth, pool: asyncpg.Pool) -> None:
    account = (await sign_up(auth)).account
    await pool.execute("UPDATE accounts SET deleted_at = now()")
    assert codes(await log_in(auth)) == [ErrorCode.BAD_CREDENTIALS]
    assert await find_account(account.id) is None


async def test_logging_out_ends_that_session_alone(auth: Auth) -> None:
    first = await sign_up(auth)
    second = await signed_in(auth)
    principal = await principal_of(auth, first)
    await auth.accounts.log_out(principal)
    assert await is_refused(auth, first)
    assert not await is_refused(auth, second)
    await auth.accounts.log_out(principal)


async def test_changing_the_password_ends_the_other_sessions(
    auth: Auth, open_auth: Callable[[], AbstractAsyncContextManager[Auth]]
) -> None:
    kept = await sign_up(auth)
    other = await signed_in(auth)
    stranger = await sign_up(auth, email="bob@example.com")
    async with open_auth() as elsewhere:
        assert not await is_refused(elsewhere, other)
        principal = await principal_of(auth, kept)
        assert await auth.accounts.change_password(principal, PASSWORD, "a new and better one") is None
        await asyncio.sleep(1)
        for process in (auth, elsewhere):
            assert await is_refused(process, other)
            assert not await is_refused(process, kept)
            assert not await is_refused(process, stranger)
    assert codes(await log_in(auth)) == [ErrorCode.BAD_CREDENTIALS]
    await signed_in(auth, "a new and better one")


async def test_a_refused_change_of_password_changes_nothing(auth: Auth) -> None:
    kept = await sign_up(auth)
    other = await signed_in(auth)
    principal = await principal_of(auth, kept)
    wrong = await auth.accounts.change_password(principal, "wrong", "a new and better one")
    assert codes(wrong) == [ErrorCode.BAD_CREDENTIALS]
    weak = await auth.accounts.change_password(principal, PASSWORD, "alice_liddell")
    assert codes(weak) == [ErrorCode.PASSWORD_TOO_WEAK]
    assert isinstance(weak, Refused)
    assert weak.rejections[0].field == ("newPassword",)
    await asyncio.sleep(0.6)
    assert not await is_refused(auth, other)
    await signed_in(auth)


async def test_of_two_changes_at_once_one_is_too_late(auth: Auth) -> None:
    principal = await principal_of(auth, await sign_up(auth))
    both = ["a new and better one", "another that is better"]
    outcomes = await asyncio.gather(
        *(auth.accounts.change_password(principal, PASSWORD, new) for new in both)
    )
    assert sorted(outcome is None for outcome in outcomes) == [False, True]
    await signed_in(auth, both[outcomes.index(None)])


async def test_no_session_begins_with_a_password_that_is_being_changed(
    auth: Auth, pool: asyncpg.Pool
) -> None:
    await sign_up(auth)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE accounts SET password_hash = 'changed'")
        logging_in = asyncio.create_task(log_in(auth))
        await until_waiting(connection, 1)
        assert not logging_in.done()
    assert codes(await logging_in) == [ErrorCode.BAD_CREDENTIALS]


@pytest.mark.parametrize("token", ["", " ", "x.y.z", "\u00a0x", "x" * 100_000])
async def test_bad_tokens_are_refused(auth: Auth, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await auth.authenticator.authenticate(token)
