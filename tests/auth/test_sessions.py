"""A session that was ended is over in every process within a second, and nobody is let in unasked."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from auth import sessions as module
from auth.errors import Unavailable
from auth.sessions import Sessions
from runtime.database import open_pool
from runtime.embedded import EmbeddedServer

HASH = "the hash of a password"


@asynccontextmanager
async def a_process(pool: asyncpg.Pool) -> AsyncIterator[Sessions]:
    sessions = Sessions(pool)
    sessions.open()
    try:
        await asyncio.sleep(0.1)
        yield sessions
    finally:
        await sessions.close()


async def an_account(pool: asyncpg.Pool) -> UUID:
    account_id = uuid4()
    await pool.execute(
        "INSERT INTO accounts (id, email, email_key, role, password_hash, created_at)"
        " VALUES ($1, $2, $2, 'CLIENT', $3, now())",
        account_id,
        f"{account_id}@example.com",
        HASH,
    )
    return account_id


async def a_session(sessions: Sessions, account_id: UUID, lasts_seconds: float = 3600) -> UUID:
    expires_at = datetime.now(UTC) + timedelta(seconds=lasts_seconds)
    session_id = await sessions.start(account_id, HASH, expires_at)
    assert session_id is not None
    return session_id


async def seconds_until_ended(sessions: Sessions, session_id: UUID) -> float:
    start = time.monotonic()
    while not await sessions.ended(session_id):
        assert time.monotonic() - start < 20
        await asyncio.sleep(0.005)
    return time.monotonic() - start


async def test_an_end_is_honoured_here_at_once_and_elsewhere_within_a_second(pool: asyncpg.Pool) -> None:
    async with a_process(pool) as here, a_process(pool) as elsewhere:
        account_id = await an_account(pool)
        for _ in range(3):
            ended, kept = await a_session(here, account_id), await a_session(here, account_id)
            assert not await elsewhere.ended(ended)
            await here.end(ended)
            assert await here.ended(ended)
            assert await seconds_until_ended(elsewhere, ended) < 5
            assert not await elsewhere.ended(kept)
    # What is promised, where the machine does as it is told.
    assert module.POLL_PAUSE_SECONDS < module.FRESH_SECONDS_MAX <= 1.0


async def test_a_deleted_account_has_no_sessions(pool: asyncpg.Pool) -> None:
    async with a_process(pool) as here:
        account_id = await an_account(pool)
        session_id = await a_session(here, account_id)
        assert not await here.ended(session_id)
        await pool.execute("UPDATE accounts SET deleted_at = now()")
        assert await seconds_until_ended(here, session_id) < 5
        assert await here.start(account_id, HASH, datetime.now(UTC) + timedelta(hours=1)) is None


async def test_a_process_that_starts_later_knows_what_ended_before(pool: asyncpg.Pool) -> None:
    async with a_process(pool) as here:
        account_id = await an_account(pool)
        session_id = await a_session(here, account_id)
        await here.end(session_id)
    await pool.execute("UPDATE sessions SET ended_at = now() - interval '1 hour'")
    async with a_process(pool) as later:
        assert await later.ended(session_id)


async def test_an_end_that_is_committed_late_is_not_overlooked(pool: asyncpg.Pool) -> None:
    async with a_process(pool) as here:
        session_id = await a_session(here, await an_account(pool))
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE sessions SET ended_at = now()")
            await asyncio.sleep(1.2)
            assert not await here.ended(session_id)
        assert await seconds_until_ended(here, session_id) < 5


async def test_no_session_without_the_password_it_was_asked_for_with(pool: asyncpg.Pool) -> None:
    account_id = await an_account(pool)
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    assert await Sessions(pool).start(account_id, "another hash", expires_at) is None
    assert await Sessions(pool).start(uuid4(), HASH, expires_at) is None
    assert await pool.fetchval("SELECT count(*) FROM sessions") == 0


async def test_memory_forgets_what_has_expired(pool: asyncpg.Pool) -> None:
    async with a_process(pool) as here, a_process(pool) as elsewhere:
        account_id = await an_account(pool)
        short = await a_session(here, account_id, lasts_seconds=3)
        long = await a_session(here, account_id)
        for session_id in (short, long):
            await here.end(session_id)
        assert await seconds_until_ended(elsewhere, short) < 5
        for process in (here, elsewhere):
            async with asyncio.timeout(10):
                while short in process._ended:
                    await asyncio.sleep(0.05)
            assert process._ended == {long}
            assert [session_id for _, session_id in process._expiries] == [long]


async def test_without_fresh_knowledge_the_database_is_asked_once_for_all(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_SECONDS_MAX", 0)
    asked = 0
    read_ended = Sessions._read_ended

    async def counted(sessions: Sessions) -> None:
        nonlocal asked
        asked += 1
        await read_ended(sessions)

    monkeypatch.setattr(Sessions, "_read_ended", counted)
    never_opened = Sessions(pool)
    session_id = await a_session(never_opened, await an_account(pool))
    assert await asyncio.gather(*(never_opened.ended(session_id) for _ in range(50))) == [False] * 50
    # Those who came when it was asked already wait for the next answer.
    assert asked <= 2
    await pool.execute("UPDATE sessions SET ended_at = now()")
    assert await never_opened.ended(session_id)
    await never_opened.close()


def migrate(dsn: str) -> None:
    # In a process of its own: it would take Tortoise, of which a process has one, away from the other tests.
    command = [
        sys.executable,
        "-c",
        "import sys; from runtime import migrations; migrations.upgrade(sys.argv[1])",
    ]
    subprocess.run([*command, dsn], check=True, timeout=60)


async def test_without_a_database_nobody_is_let_in_and_after_it_everything_is_as_before(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.asking.SECONDS_MAX", 1.0)
    data_dir = Path(tmp_path_factory.mktemp("away"))
    async with AsyncExitStack() as running:
        with EmbeddedServer(data_dir) as server:
            migrate(server.dsn)
            pool = await running.enter_async_context(open_pool(server.dsn, 4))
            here = await running.enter_async_context(a_process(pool))
            account_id = await an_account(pool)
            ended, kept = await a_session(here, account_id), await a_session(here, account_id)
            await here.end(ended)
        await asyncio.sleep(module.FRESH_SECONDS_MAX)
        start = time.monotonic()
        with pytest.raises(Unavailable) as away:
            await here.ended(kept)
        assert not away.value.executed_unknown
        with pytest.raises(Unavailable) as away:
            await here.end(kept)
        assert away.value.executed_unknown
        assert time.monotonic() - start < 20
        assert await here.ended(ended)
        with EmbeddedServer(data_dir):
            await asyncio.sleep(module.POLL_PAUSE_SECONDS + 1.5)
            assert not await here.ended(kept)
            await here.end(kept)
            assert await here.ended(kept)
            await running.aclose()
