"""kill -9 of workers at every point around the call to a bank that pays each request it gets; and of the database."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from ledger.service import Ledger
from ledger.withdrawal_commands import Withdraw
from runtime.database import open_pool
from runtime.settings import Settings
from tests.crashes.restartable import RestartablePostgres, restartable_postgres
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants
from tests.workers.banks import RunningBank, running_bank
from tests.workers.dying_worker import POINTS
from tests.workers.running import CHECKOUT, running_worker

HOLDERS = 60
WITHDRAWALS_EACH = 20
WORKERS = 4
# A worker dies at the latest when it has come to its point so often.
TIMES_MAX = 8
END_SECONDS_MAX = 200.0
SETTINGS = {
    "PURSER_WITHDRAWAL_SECONDS_MAX": "1",
    "PURSER_WITHDRAWAL_CONCURRENCY": "10",
    "PURSER_DATABASE_POOL_MAX": "4",
    "PURSER_LOG_LEVEL": "WARNING",
}


@dataclass
class Withdrawn:
    """What was asked for: whose, how much in cents, and where to."""

    holder: Holder
    amount_minor: int
    destination: str


async def withdraw_from(
    ledger: Ledger, generator: random.Random, holders: int = HOLDERS
) -> dict[UUID, Withdrawn]:
    """All the withdrawals, by id, of holders with 100.00 each."""
    asked = {}
    for number in range(holders):
        holder = await open_holder(ledger, "100.00")
        for _ in range(WITHDRAWALS_EACH):
            amount_minor = generator.randrange(1, 501)
            wanted = Withdrawn(holder, amount_minor, f"IBAN {number}")
            outcome = await ledger.submit(
                Withdraw(
                    holder.account_id,
                    holder.wallet,
                    f"{amount_minor / 100:.2f}",
                    None,
                    wanted.destination,
                    "",
                )
            )
            assert outcome.operation is not None
            assert outcome.rejection is None
            asked[outcome.operation.id] = wanted
    return asked


class Hospital:
    """Keeps workers running that die, each at another point, until it is told that all is done."""

    def __init__(self, dsn: str, bank: RunningBank, folder: Path, generator: random.Random) -> None:
        self.deaths: Counter[str] = Counter()
        self._variables = os.environ | SETTINGS | {"DATABASE_URL": dsn, "PURSER_BANK_URL": bank.url}
        self._log = folder / "workers.log"
        self._generator = generator
        self._next = self._points()
        self._running: list[tuple[int, subprocess.Popen[bytes]]] = []

    def look(self) -> None:
        """Counts the dead, and starts others in their place."""
        for number, process in list(self._running):
            if process.poll() is not None:
                assert process.returncode == -signal.SIGKILL, self._log.read_text()[-3000:]
                self.deaths[POINTS[number].name] += 1
                self._running.remove((number, process))
        while len(self._running) < WORKERS:
            number = next(self._next)
            self._running.append((number, self._start(number, self._generator.randrange(1, TIMES_MAX))))

    def close(self) -> None:
        """Stops whoever is left, as an operator does."""
        for _, process in self._running:
            process.terminate()
        for _, process in self._running:
            try:
                process.wait(20)
            finally:
                process.kill()
                process.wait()

    def _start(self, number: int, times: int) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "tests.workers.dying_worker", str(number), str(times)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._variables,
                cwd=CHECKOUT,
            )

    def _points(self) -> Iterator[int]:
        while True:
            numbers = list(range(len(POINTS)))
            self._generator.shuffle(numbers)
            yield from numbers


async def until_ended(connection: asyncpg.Connection, hospital: Hospital) -> None:
    give_up_at = time.monotonic() + END_SECONDS_MAX
    while states := await connection.fetch(
        "SELECT state, count(*) FROM withdrawals WHERE due_at IS NOT NULL GROUP BY state"
    ):
        assert time.monotonic() < give_up_at, (states, hospital.deaths)
        hospital.look()
        await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_whoever_dies_wherever_the_books_agree(
    dsn: str, connection: asyncpg.Connection, ledger: Ledger, tmp_path: Path
) -> None:
    generator = random.Random(5)
    started_at = time.monotonic()
    asked = await withdraw_from(ledger, generator)
    with running_bank(
        tmp_path, success_rate=0.7, latency=30, lost_replies=0.1, refusals=0.02, duplicates=1, seed=5
    ) as bank:
        hospital = Hospital(dsn, bank, tmp_path, generator)
        try:
            await until_ended(connection, hospital)
        finally:
            hospital.close()
        books = bank.books()
    await assert_agree(connection, asked, books["payments"])
    states = Counter({row[0]: row[1] for row in await connection.fetch(COUNTS)})
    results = await connection.fetch(RESULTS)
    print(f"\n{len(asked)} withdrawals in {time.monotonic() - started_at:.0f} s: {dict(states)}")
    print(f"{sum(hospital.deaths.values())} kills: {dict(hospital.deaths)}")
    print(f"The bank had {books['requests']}; attempts: {[tuple(row) for row in results]}")
    await assert_invariants(connection)
    assert hospital.deaths.keys() == {point.name for point in POINTS}


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[RestartablePostgres]:
    with restartable_postgres(tmp_path / "data") as server:
        yield server


@pytest.mark.slow
async def test_the_database_crashes_and_the_books_agree(
    postgres: RestartablePostgres, tmp_path: Path
) -> None:
    dsn, crashes = postgres.dsn, 3
    async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        asked = await withdraw_from(ledger, random.Random(7), 15)
    with ExitStack() as stack:
        bank = stack.enter_context(
            running_bank(tmp_path, success_rate=0.7, latency=100, lost_replies=0.1, duplicates=1, seed=7)
        )
        variables = SETTINGS | {"DATABASE_URL": dsn, "PURSER_BANK_URL": bank.url}
        for _ in range(2):
            stack.enter_context(running_worker(tmp_path, **variables))
        for number in range(1, crashes + 1):
            await until_so_many_ended(dsn, len(asked) * number // (crashes + 1))
            await asyncio.to_thread(postgres.crash)
        await until_so_many_ended(dsn, len(asked))
        payments = bank.payments()
    connection = await asyncpg.connect(dsn)
    await assert_agree(connection, asked, payments)
    await assert_invariants(connection)
    await connection.close()


async def until_so_many_ended(dsn: str, count: int) -> None:
    connection = await asyncpg.connect(dsn)
    give_up_at = time.monotonic() + END_SECONDS_MAX
    while await connection.fetchval("SELECT count(*) FROM withdrawals WHERE due_at IS NULL") < count:
        assert time.monotonic() < give_up_at, count
        await asyncio.sleep(0.05)
    await connection.close()


COUNTS = "SELECT state, count(*) FROM withdrawals GROUP BY state ORDER BY state"
RESULTS = "SELECT result, count(*) FROM withdrawal_attempts GROUP BY result ORDER BY result"
ENDED = """
    SELECT w.operation_id, w.state, w.attempts, o.status::text, o.debited,
           (SELECT count(*) FROM withdrawal_attempts a WHERE a.operation_id = w.operation_id AND ended_at IS NOT NULL),
           (SELECT count(*) FROM operations b WHERE b.origin_id = w.operation_id AND b.status = o.status)
    FROM withdrawals w JOIN operations o ON o.id = w.operation_id
"""


async def assert_agree(
    connection: asyncpg.Connection, asked: dict[UUID, Withdrawn], payments: list[dict[str, Any]]
) -> None:
    """What the bank has paid is what has left the wallets, each once, and nothing is held any more."""
    times_paid = Counter(payment["reference"] for payment in payments)
    assert max(times_paid.values()) == 1
    expected = []
    left_minor: Counter[UUID] = Counter()
    for row in await connection.fetch(ENDED):
        operation_id, state, attempts, status, debited, ended, postings = row
        wanted = asked[operation_id]
        assert (attempts, postings) == (ended, 1)
        assert state in ("SUCCEEDED", "FAILED")
        assert status == state
        if state == "SUCCEEDED":
            assert debited == wanted.amount_minor
            left_minor[wanted.holder.wallet.wallet_id] += wanted.amount_minor
            amount = f"{wanted.amount_minor / 100:.2f}"
            expected.append((f"purser-{operation_id.hex}", amount, "USD", wanted.destination))
    assert sorted(expected) == sorted(
        (paid["reference"], paid["amount"], paid["currency"], paid["destination"]) for paid in payments
    )
    for row in await connection.fetch("SELECT id, balance, held FROM wallets WHERE kind = 'HOLDER'"):
        assert (row["balance"], row["held"]) == (10_000 - left_minor[row["id"]], 0)
