"""The limits on the database: many processes at once, a flood of addresses, and a database that does not answer."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from auth.errors import LimitSpent
from auth.limits import desk, leases, rate_limits, table
from auth.limits.rate_limits import RateLimits
from auth.limits.window import SLOTS, Loan
from runtime.database import open_pool
from runtime.http.exchange import Exchange
from tests.databases import copy_database

PER_ACCOUNT, PER_ADDRESS = 100, 50


@pytest.fixture
async def limits_dsn(template_dsn: str, request: pytest.FixtureRequest) -> str:
    return await asyncio.to_thread(copy_database, template_dsn, f"limits {hash(request.node.name)}")


@pytest.fixture
async def processes(limits_dsn: str) -> AsyncIterator[list[RateLimits]]:
    """What three processes have."""
    async with AsyncExitStack() as stack:
        several = [RateLimits(PER_ACCOUNT, PER_ADDRESS) for _ in range(3)]
        for one in several:
            await stack.enter_async_context(one.open(limits_dsn))
        yield several


@pytest.fixture
async def connection(limits_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(limits_dsn)
    yield connection
    await connection.close()


async def ask(limits: RateLimits, address: str, operations: int = 1) -> Exchange | LimitSpent:
    exchange = Exchange("id")
    try:
        await limits.count_address(address, operations, exchange)
    except LimitSpent as spent:
        return spent
    return exchange


async def passed(processes: list[RateLimits], address: str, times: int) -> int:
    """How many of so many got through that all came at once."""
    asked = (ask(processes[number % len(processes)], address) for number in range(times))
    return sum(isinstance(outcome, Exchange) for outcome in await asyncio.gather(*asked))


async def test_of_many_at_once_exactly_the_limit_passes(processes: list[RateLimits]) -> None:
    assert await passed(processes, "192.0.2.1", 4 * PER_ADDRESS) == PER_ADDRESS
    # Whoever else comes has a limit of its own.
    assert await passed(processes, "192.0.2.2", PER_ADDRESS) == PER_ADDRESS
    before = REGISTRY.get_sample_value("purser_rate_limited_total", {"by": "account"}) or 0
    account, exchange = uuid4(), Exchange("id")
    await processes[0].count_account(account, PER_ACCOUNT, exchange)
    assert exchange.limits["account"][0] == b'"account";q=%d;w=60' % PER_ACCOUNT
    assert exchange.limits["account"][1].startswith(b'"account";r=0;t=6')
    with pytest.raises(LimitSpent) as spent:
        await processes[1].count_account(account, 1, Exchange("id"))
    assert 59 <= spent.value.retry_after_seconds <= 66
    assert REGISTRY.get_sample_value("purser_rate_limited_total", {"by": "account"}) == before + 1


async def test_what_one_process_does_not_use_another_gets(
    processes: list[RateLimits], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "LOOK_PAUSE_SECONDS", 0.05)
    # It asks twice in the same slot, so it is lent a part, and then comes no more.
    assert await passed(processes[:1], "192.0.2.1", 1) == 1
    assert await passed(processes[:1], "192.0.2.1", 1) == 1
    allowed = await passed(processes[1:], "192.0.2.1", 2 * PER_ADDRESS)
    assert PER_ADDRESS - 2 - PER_ADDRESS // 8 <= allowed <= PER_ADDRESS - 2
    async with asyncio.timeout(20):
        while allowed < PER_ADDRESS - 2:
            await asyncio.sleep(0.2)
            allowed += await passed(processes[1:], "192.0.2.1", 2)
    assert await passed(processes, "192.0.2.1", 30) == 0


async def test_all_or_none_of_a_batch(processes: list[RateLimits]) -> None:
    assert isinstance(await ask(processes[0], "192.0.2.1", PER_ADDRESS - 5), Exchange)
    refused = await ask(processes[0], "192.0.2.1", 6)
    assert isinstance(refused, LimitSpent)
    assert isinstance(await ask(processes[0], "192.0.2.1", 5), Exchange)
    assert isinstance(await ask(processes[0], "192.0.2.2", PER_ADDRESS + 1), LimitSpent)


async def test_addresses_of_one_network_are_one(processes: list[RateLimits]) -> None:
    same = [f"2001:db8:1:2::{number:x}" for number in range(2 * PER_ADDRESS)]
    outcomes = await asyncio.gather(
        *(ask(processes[number % 3], address) for number, address in enumerate(same))
    )
    assert sum(isinstance(outcome, Exchange) for outcome in outcomes) == PER_ADDRESS
    assert isinstance(await ask(processes[0], "2001:db8:1:3::1"), Exchange)


async def test_a_flood_of_addresses_is_bounded(
    limits_dsn: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "LEASES_MAX", 100)
    # A machine that is busy with others is no database that is away.
    monkeypatch.setattr(desk, "WAIT_SECONDS_MAX", 20.0)
    limits = RateLimits(0, PER_ADDRESS)
    async with limits.open(limits_dsn):
        await ask(limits, "192.0.2.1", PER_ADDRESS)
        flood = [ask(limits, f"2001:db8:{number:x}::1") for number in range(3000)]
        flood += [ask(limits, "x" * 60_000 + str(number)) for number in range(10)]
        assert all(isinstance(outcome, Exchange) for outcome in await asyncio.gather(*flood))
        assert isinstance(await ask(limits, "192.0.2.1"), LimitSpent)
        assert limits._address is not None
        known = limits._address.limit.leases
        assert len(known._leases) <= 100
        assert max(map(len, known._leases)) <= 64
        assert len(known._unused) <= 100
        assert await connection.fetchval("SELECT count(*) FROM rate_limits") == 3002
    for row in await connection.fetch("SELECT subject FROM rate_limits"):
        assert b"192.0" not in row["subject"]


async def test_what_counts_no_more_is_swept(
    processes: list[RateLimits], limits_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "SWEPT_AT_ONCE", 10)
    for number in range(35):
        await ask(processes[0], f"192.0.2.{number}")
    async with open_pool(limits_dsn, 1) as pool:
        await table.forget_old(pool)
        assert await pool.fetchval("SELECT count(*) FROM rate_limits") == 35
        await pool.execute("UPDATE rate_limits SET slot = slot - $1", SLOTS + 2)
        await ask(processes[1], "192.0.2.200")
        await table.forget_old(pool)
        assert await pool.fetchval("SELECT count(*) FROM rate_limits") == 1


async def test_a_row_that_was_swept_and_made_anew_is_not_taken_for_the_old_one(
    limits_dsn: str, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = table.digest_of("address", "192.0.2.1")
    request = table.Request(digest, PER_ADDRESS, PER_ADDRESS, 0, [])
    read = table._offers

    async def reading_slowly(*arguments: Any) -> Any:
        offers = await read(*arguments)
        monkeypatch.setattr(table, "_offers", read)
        async with open_pool(limits_dsn, 1) as pool:
            await table.forget_old(pool)
            loans = await table.lend(pool, [request])
        assert loans[digest].lent == PER_ADDRESS
        return offers

    async with open_pool(limits_dsn, 1) as pool:
        await table.lend(pool, [request])
        await connection.execute("UPDATE rate_limits SET slot = slot - $1", SLOTS + 2)
        monkeypatch.setattr(table, "_offers", reading_slowly)
        assert (await table.lend(pool, [request]))[digest].lent == 0


def keep_what_is_lent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many accounts and addresses each loan is from now on."""
    lent = []

    async def lend(pool: asyncpg.Pool, requests: Sequence[table.Request]) -> dict[bytes, Loan]:
        lent.append(len(requests))
        return await table.lend(pool, requests)

    monkeypatch.setattr(desk, "lend", lend)
    return lent


async def test_leases_that_are_over_are_renewed_some_at_a_time_and_without_a_pause(
    limits_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "ENDED_AT_ONCE", 3)
    monkeypatch.setattr(desk, "LOOK_PAUSE_SECONDS", 600.0)
    limits = RateLimits(0, PER_ADDRESS)
    assert limits._address is not None
    known = limits._address.limit.leases._leases
    async with limits.open(limits_dsn):
        for number in range(8):
            await ask(limits, f"192.0.2.{number}")
        for lease in known.values():
            lease.ends_at = 0.0
        lent = keep_what_is_lent(monkeypatch)
        await ask(limits, "192.0.2.0")
        async with asyncio.timeout(20):
            while len(known) < 8 or not all(lease.ends_at for lease in known.values()):
                await asyncio.sleep(0.01)
    assert max(lent) == 3


async def test_who_comes_while_others_are_asked_for_is_asked_for_with_all_who_come(
    limits_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "GATHER_SECONDS", 0.5)
    lent = keep_what_is_lent(monkeypatch)
    limits = RateLimits(0, PER_ADDRESS)

    async def come_later(number: int) -> None:
        await asyncio.sleep(number / 100)
        assert (await exchange_of(limits, f"192.0.2.{number}")).limits

    async with limits.open(limits_dsn):
        await ask(limits, "192.0.2.0")
        await asyncio.gather(*map(come_later, range(1, 6)))
    assert lent == [1, 5]


async def test_a_connection_that_is_given_back_asks_the_server_nothing(
    limits_dsn: str, connection: asyncpg.Connection
) -> None:
    limits = RateLimits(0, PER_ADDRESS)
    async with limits.open(limits_dsn):
        await ask(limits, "192.0.2.0")
        last = await connection.fetch(
            "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert last
    assert not any("pg_advisory_unlock_all" in row["query"] for row in last)


async def test_a_database_that_does_not_answer_lets_everyone_through(
    processes: list[RateLimits],
    connection: asyncpg.Connection,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = processes[0]
    assert await passed(processes[:1], "192.0.2.1", PER_ADDRESS + 1) == PER_ADDRESS
    monkeypatch.setattr(desk, "AWAY_PAUSE_SECONDS", 5.0)
    async with connection.transaction():
        await connection.execute("LOCK TABLE rate_limits")
        started = time.monotonic()
        assert await passed(processes[:1], "192.0.2.2", 2 * PER_ADDRESS) == 2 * PER_ADDRESS
        assert time.monotonic() - started < 4 * desk.WAIT_SECONDS_MAX
        # From then on nobody waits, and who knows that nothing is left goes on knowing it.
        monkeypatch.setattr(desk, "WAIT_SECONDS_MAX", 60.0)
        async with asyncio.timeout(2):  # of the three that a lock is waited for
            assert await passed(processes[:1], "192.0.2.3", 2 * PER_ADDRESS) == 2 * PER_ADDRESS
        exchange = await ask(limits, "192.0.2.3")
        assert isinstance(exchange, Exchange)
        assert exchange.limits == {}
    told = [record.message for record in caplog.records if record.name == "purser.limits"]
    assert told == ["rate limits: no answer from the database, so operations are let through"]
    async with asyncio.timeout(20):
        while await passed(processes[:1], "192.0.2.3", PER_ADDRESS + 1) != PER_ADDRESS:
            await asyncio.sleep(0.1)


async def test_a_lost_connection_is_made_anew(
    processes: list[RateLimits], connection: asyncpg.Connection
) -> None:
    assert isinstance(await ask(processes[0], "192.0.2.1"), Exchange)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert isinstance(await ask(processes[0], "192.0.2.2"), Exchange)
    async with asyncio.timeout(10):
        while not (await exchange_of(processes[0], "192.0.2.3")).limits:
            await asyncio.sleep(0.1)


async def test_a_fault_of_ours_ends_nothing(
    processes: list[RateLimits], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(desk, "lend", lambda *_: None)
        assert (await exchange_of(processes[0], "192.0.2.1")).limits == {}
    assert [record.levelname for record in caplog.records if record.name == "purser.limits"][:1] == ["ERROR"]
    async with asyncio.timeout(10):
        while not (await exchange_of(processes[0], "192.0.2.1")).limits:
            await asyncio.sleep(0.1)


async def test_who_is_refused_costs_the_database_nothing(
    processes: list[RateLimits], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "REFUSED_SECONDS", 60.0)
    asked = 0

    async def counting(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        return await table.lend(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(desk, "lend", counting)
    for _ in range(PER_ADDRESS + 500):
        await ask(processes[0], "192.0.2.1")
    # One for each part of what is left, and those of slots that ended meanwhile.
    assert asked < PER_ADDRESS


async def exchange_of(limits: RateLimits, address: str) -> Exchange:
    exchange = await ask(limits, address)
    assert isinstance(exchange, Exchange)
    return exchange
