"""Guessing at log-ins through two instances: slowed for the guesser, not for the owner."""

import asyncio
import json
import random
import secrets
from collections import Counter
from typing import Any

import pytest

from auth.throttle import DELAY_SECONDS_STEP, EMAIL_FAILURES_MAX, PAIR_FAILURES_MAX
from tests.client import PASSWORD, Api
from tests.limits.conftest import Visitor

PROCESSES = 4
LOG_IN = """mutation {{ logIn(input: {{email: {email}, password: {password}}})
    {{ token userErrors {{ code }} }} }}"""


@pytest.fixture
async def email(anyone: Api) -> str:
    email = f"owner-{secrets.token_hex(6)}@example.com"
    await anyone.sign_up_client(email=email)
    return email


async def log_in(visitor: Visitor, email: str, password: str, number: int, address: str | None = None) -> str:
    """IN, or the code of what was answered."""
    query = LOG_IN.format(email=json.dumps(email), password=json.dumps(password))
    answer = await visitor.connections[number % len(visitor.connections)].post(
        "/graphql", json={"query": query}, headers={"X-Forwarded-For": address or visitor.address}
    )
    body: Any = answer.json()
    if "errors" in body:
        extensions = body["errors"][0]["extensions"]
        assert extensions["executed"] == "NO"
        assert extensions["retryAfterSeconds"] >= 1
        return str(extensions["code"])
    payload = body["data"]["logIn"]
    return "IN" if payload["token"] else str(payload["userErrors"][0]["code"])


def anywhere() -> str:
    return f"172.16.{random.randrange(256)}.{random.randrange(256)}"


async def test_all_instances_count_together_and_the_owner_gets_in(visitor: Visitor, email: str) -> None:
    guesses = [await log_in(visitor, email, f"guess {n}", n) for n in range(PAIR_FAILURES_MAX)]
    assert set(guesses) == {"BAD_CREDENTIALS"}
    # On either instance, and being right does not help from there.
    for number in range(2 * PROCESSES):
        assert await log_in(visitor, email, PASSWORD, number) == "RATE_LIMITED"
    for number in range(2):
        assert await log_in(visitor, email, PASSWORD, number, anywhere()) == "IN"


async def test_a_burst_on_all_processes_at_once(visitor: Visitor, email: str) -> None:
    guesses = Counter(
        await asyncio.gather(*(log_in(visitor, email, f"guess {number}", number) for number in range(60)))
    )
    # Each process may have one under way while another one's is counted.
    assert PAIR_FAILURES_MAX <= guesses["BAD_CREDENTIALS"] < PAIR_FAILURES_MAX + PROCESSES
    assert guesses["RATE_LIMITED"] == 60 - guesses["BAD_CREDENTIALS"]
    assert await log_in(visitor, email, PASSWORD, 0, anywhere()) == "IN"


async def test_guessed_from_everywhere_the_owner_waits_and_gets_in(visitor: Visitor, email: str) -> None:
    home = anywhere()
    assert await log_in(visitor, email, PASSWORD, 0, home) == "IN"
    guesses = [log_in(visitor, email, f"guess {n}", n, anywhere()) for n in range(EMAIL_FAILURES_MAX + 1)]
    assert set(await asyncio.gather(*guesses)) == {"BAD_CREDENTIALS"}
    assert await log_in(visitor, email, PASSWORD, 1, home) == "IN"
    loop = asyncio.get_running_loop()
    for number in range(2):
        started = loop.time()
        assert await log_in(visitor, email, PASSWORD, number, anywhere()) == "IN"
        assert loop.time() - started >= 2 * DELAY_SECONDS_STEP
