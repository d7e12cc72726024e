"""Guessing is slowed for each pair, each address and each e-mail; an owner elsewhere still gets in."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from auth import throttle as module
from auth.accounts import Refused, SignedIn
from auth.errors import RateLimited
from auth.service import Auth
from auth.throttle import Throttle

EMAIL = "alice@example.com"
PASSWORD = "correct horse battery"
HOME, GUESSER = "192.0.2.7", "198.51.100.9"


async def fail(throttle: Throttle, email: str, address: str) -> None:
    async with throttle.attempt(email, address) as attempt:
        await attempt.failed()


async def succeed(throttle: Throttle, email: str, address: str) -> None:
    async with throttle.attempt(email, address) as attempt:
        await attempt.succeeded()


async def let_pass(pool: asyncpg.Pool, seconds: float) -> None:
    await pool.execute(
        "UPDATE login_failures SET last_failed_at = last_failed_at - make_interval(secs => $1)", seconds
    )


async def refusal_seconds(throttle: Throttle, email: str, address: str) -> float:
    with pytest.raises(RateLimited) as refused:
        await fail(throttle, email, address)
    return refused.value.retry_after_seconds


async def test_five_failures_of_a_pair_and_then_pauses_that_double(pool: asyncpg.Pool) -> None:
    # Two processes count together.
    here, elsewhere = Throttle(pool), Throttle(pool)
    for number in range(5):
        await fail((here, elsewhere)[number % 2], EMAIL, GUESSER)
    for pause_seconds in (15, 30, 60, 120, 240, 480, 900):
        assert pause_seconds - 2 < await refusal_seconds(here, EMAIL, GUESSER) <= pause_seconds
        await let_pass(pool, pause_seconds - 5)
        assert await refusal_seconds(elsewhere, EMAIL, GUESSER) <= 5
        if pause_seconds < 900:
            await let_pass(pool, 5)
            await fail(here, EMAIL, GUESSER)
    await let_pass(pool, 900)
    await fail(here, EMAIL, GUESSER)
    assert await pool.fetchval("SELECT max(failures) FROM login_failures") == 1


async def test_nobody_else_suffers_from_a_refused_pair(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    for _ in range(5):
        await fail(throttle, EMAIL, GUESSER)
    await refusal_seconds(throttle, EMAIL, GUESSER)
    start = time.monotonic()
    await succeed(throttle, EMAIL, HOME)
    await succeed(throttle, "bob@example.com", GUESSER)
    assert time.monotonic() - start < module.DELAY_SECONDS_STEP


async def test_success_forgets_the_failures_of_its_pair_alone(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    for _ in range(4):
        await fail(throttle, EMAIL, HOME)
        await fail(throttle, EMAIL, GUESSER)
    await succeed(throttle, EMAIL, HOME)
    for _ in range(4):
        await fail(throttle, EMAIL, HOME)
    await succeed(throttle, EMAIL, HOME)
    await fail(throttle, EMAIL, GUESSER)
    assert await refusal_seconds(throttle, EMAIL, GUESSER) > 14


async def test_fifty_failures_of_an_address_on_whatever_email(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    for number in range(50):
        await fail(throttle, f"{number}@example.com", GUESSER)
    assert await refusal_seconds(throttle, "new@example.com", GUESSER) > 14
    await succeed(throttle, "new@example.com", HOME)


async def test_one_network_of_version_six_is_one_address(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    for number in range(5):
        await fail(throttle, EMAIL, f"2001:db8:1:2::{number}")
    await refusal_seconds(throttle, EMAIL, "2001:db8:1:2:ffff::1")
    await fail(throttle, EMAIL, "2001:db8:1:3::1")
    for _ in range(5):
        await fail(throttle, EMAIL, "::ffff:203.0.113.1")
    await refusal_seconds(throttle, EMAIL, "203.0.113.1")


async def guessed_from_everywhere(throttle: Throttle, failures: int) -> None:
    for number in range(failures):
        await fail(throttle, EMAIL, f"203.0.113.{number}")


async def seconds_to_succeed(throttle: Throttle, address: str) -> float:
    start = time.monotonic()
    await succeed(throttle, EMAIL, address)
    return time.monotonic() - start


async def test_an_email_guessed_from_everywhere_is_slowed_not_refused(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    await succeed(throttle, EMAIL, HOME)
    await guessed_from_everywhere(throttle, 20)
    # The owner at home does not notice, even after a slip; elsewhere they wait, and from then on not.
    await fail(throttle, EMAIL, HOME)
    assert await seconds_to_succeed(throttle, HOME) < module.DELAY_SECONDS_STEP
    assert 2 * module.DELAY_SECONDS_STEP <= await seconds_to_succeed(throttle, "192.0.2.99") < 3
    assert await seconds_to_succeed(throttle, "192.0.2.99") < module.DELAY_SECONDS_STEP


async def test_the_delay_and_those_who_wait_are_bounded(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELAY_SECONDS_MAX", 1.0)
    monkeypatch.setattr(module, "DELAYED_MAX", 2)
    throttle = Throttle(pool)
    await guessed_from_everywhere(throttle, 20)
    await pool.execute("UPDATE login_failures SET failures = 1000000 WHERE failures >= 20")
    waiting = [asyncio.create_task(seconds_to_succeed(throttle, f"192.0.2.{n}")) for n in range(2)]
    async with asyncio.timeout(10):
        while throttle._delayed < 2:
            await asyncio.sleep(0.01)
    assert await refusal_seconds(throttle, EMAIL, "192.0.2.99") <= 5
    for task in waiting:
        assert 1 <= await task < 3
    assert await seconds_to_succeed(throttle, "192.0.2.99") >= 1


async def test_a_burst_of_guesses_is_counted_before_it_is_through(auth: Auth) -> None:
    await auth.accounts.sign_up_client(
        email=EMAIL, password=PASSWORD, first_name="A", last_name="B", phone_number="123456789"
    )
    guesses = [auth.accounts.log_in(EMAIL, f"guess number {n}", GUESSER) for n in range(30)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, RateLimited) for outcome in outcomes) == 25
    # Being right does not help from there, and the owner gets in from home.
    with pytest.raises(RateLimited):
        await auth.accounts.log_in(EMAIL, PASSWORD, GUESSER)
    assert isinstance(await auth.accounts.log_in(EMAIL, PASSWORD, HOME), SignedIn)


async def test_many_right_log_ins_at_once_all_succeed(auth: Auth) -> None:
    await auth.accounts.sign_up_client(
        email=EMAIL, password=PASSWORD, first_name="A", last_name="B", phone_number="123456789"
    )
    outcomes = await asyncio.gather(*(auth.accounts.log_in(EMAIL, PASSWORD, HOME) for _ in range(20)))
    assert all(isinstance(outcome, SignedIn) for outcome in outcomes)


async def test_a_crowd_on_one_pair_is_bounded(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_TURN_MAX", 3)
    throttle = Throttle(pool)
    async with throttle.attempt(EMAIL, HOME):
        waiting = [asyncio.create_task(succeed(throttle, EMAIL, HOME)) for _ in range(2)]
        await asyncio.sleep(0.05)
        await refusal_seconds(throttle, EMAIL, HOME)
        waiting[0].cancel()
    await waiting[1]
    assert throttle._turns == {}


async def test_unknown_emails_are_counted_like_known_ones(auth: Auth) -> None:
    for email in ("nobody@example.com", "not an e-mail", "half \ud800"):
        for _ in range(5):
            assert isinstance(await auth.accounts.log_in(email, PASSWORD, GUESSER), Refused)
        with pytest.raises(RateLimited):
            await auth.accounts.log_in(email, PASSWORD, GUESSER)


async def test_guessing_the_current_password_is_slowed_and_log_ins_are_not(auth: Auth) -> None:
    signed_up = await auth.accounts.sign_up_client(
        email=EMAIL, password=PASSWORD, first_name="A", last_name="B", phone_number="123456789"
    )
    assert isinstance(signed_up, SignedIn)
    principal: Any = await auth.authenticator.authenticate(signed_up.token)
    for _ in range(5):
        await auth.accounts.change_password(principal, "a guess", "a new and better one")
    with pytest.raises(RateLimited):
        await auth.accounts.change_password(principal, PASSWORD, "a new and better one")
    assert isinstance(await auth.accounts.log_in(EMAIL, PASSWORD, HOME), SignedIn)


async def test_what_is_old_is_swept_and_who_got_in_is_remembered(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    await fail(throttle, EMAIL, GUESSER)
    await succeed(throttle, EMAIL, HOME)
    await throttle._forget_old()
    assert await pool.fetchval("SELECT count(*) FROM login_failures") == 4
    await let_pass(pool, module.WINDOW_SECONDS)
    await throttle._forget_old()
    assert await pool.fetchval("SELECT count(*) FROM login_failures") == 1
    await let_pass(pool, module.KNOWN_SECONDS)
    await throttle._forget_old()
    assert await pool.fetchval("SELECT count(*) FROM login_failures") == 0


async def test_no_name_or_address_is_stored_in_the_clear(pool: asyncpg.Pool) -> None:
    throttle = Throttle(pool)
    await fail(throttle, EMAIL, GUESSER)
    await succeed(throttle, EMAIL, HOME)
    for row in await pool.fetch("SELECT subject FROM login_failures"):
        assert not any(part in row["subject"] for part in ("alice", "192.0", "198.51"))
