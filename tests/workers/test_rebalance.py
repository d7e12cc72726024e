"""`purser rebalance`, as an operator runs it: the plan, what is moved, and that nothing waits or is lost for it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ledger.commands import Authorize, Enqueue, Queueable
from ledger.service import Ledger
from ledger.withdrawal_commands import CancelWithdrawal, Withdraw
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants
from tests.workers.running import CHECKOUT, SECONDS_MAX, running_worker, until
from tests.workers.test_lanes import (
    Accepted,
    assert_done_once_and_in_order,
    enqueue,
    held,
    mixed,
    put_in_lane,
    until_left,
)

HAD = """
    INSERT INTO operations
        (id, kind, status, failure_code, account_id, summary, amount, currency, source_id, created_at)
    SELECT uuidv7(), 'CHARGE', 'FAILED', 'INSUFFICIENT_FUNDS', $2, '', 1, 'USD', $1, now() - $4::interval
    FROM generate_series(1, $3)
"""


def command(dsn: str, *options: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PURSER_")}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "rebalance", *options],
        env=own | {"DATABASE_URL": dsn, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    )


async def rebalance(dsn: str, *options: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    with command(dsn, *options) as process:
        output, _ = await asyncio.to_thread(process.communicate, timeout=SECONDS_MAX)
        return process.returncode, output


@contextmanager
def balancing(dsn: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """One that goes on until the end of the block."""
    with command(dsn, *options) as process:
        try:
            yield process
        finally:
            process.kill()


async def had(connection: asyncpg.Connection, holder: Holder, count: int, minutes_ago: int = 1) -> None:
    """So many operations, by rows alone: nothing else of them is looked at here."""
    age = timedelta(minutes=minutes_ago)
    await connection.execute(HAD, holder.wallet.wallet_id, holder.account_id, count, age)


async def lanes_of(connection: asyncpg.Connection, holders: Sequence[Holder]) -> list[int]:
    rows = await connection.fetch("SELECT id, lane FROM wallets WHERE kind = 'HOLDER'")
    lanes: dict[UUID, int] = {row["id"]: row["lane"] for row in rows}
    return [lanes[holder.wallet.wallet_id] for holder in holders]


def table(output: str) -> dict[int, tuple[int, ...]]:
    """By lane: wallets now and then, operations now and then."""
    rows = [line.replace(",", "").split() for line in output.splitlines()]
    return {int(row[0]): tuple(map(int, row[1:])) for row in rows if len(row) == 5 and row[0].isdigit()}


async def test_the_plan_of_four_wallets_in_two_lanes(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection
) -> None:
    holders = [await open_holder(ledger) for _ in range(4)]
    for holder, count in zip(holders, (1234, 5678, 0, 3456), strict=True):
        await had(connection, holder, count)

    code, planned = await rebalance(dsn, "--lanes", "2", "--dry-run")
    assert code == 0, planned
    sums = sorted(line[3] for line in table(planned).values())
    assert sums == [4690, 5678]
    assert "10,368 operations now, 988 then" in planned
    assert planned.endswith("would move. Nothing was changed.\n")
    assert await lanes_of(connection, holders) == [1, 1, 1, 1]

    code, done = await rebalance(dsn, "--lanes", "2")
    assert code == 0, done
    assert table(done) == table(planned)
    # The larger part of the wallets stays where it is, and the one without operations in any case.
    assert await lanes_of(connection, holders) == [1, 2, 1, 1]
    assert "\n1 wallet moved in " in done

    # What is even already is left alone.
    code, again = await rebalance(dsn, "--lanes", "2")
    assert table(again) == {1: (3, 3, 4690, 4690), 2: (1, 1, 5678, 5678)}
    assert "\n0 wallets moved in " in again


async def test_fewer_lanes_again(dsn: str, ledger: Ledger, connection: asyncpg.Connection) -> None:
    busy = [await open_holder(ledger) for _ in range(6)]
    idle = [await open_holder(ledger) for _ in range(7)]
    for holder in busy:
        await had(connection, holder, 10)
    for lane, holder in enumerate(busy, start=1):
        await put_in_lane(connection, lane, holder)
    await put_in_lane(connection, 32_767, *idle[1:])
    code, output = await rebalance(dsn, "--lanes", "3")
    assert code == 0, output
    lanes = await lanes_of(connection, busy)
    assert sorted(lanes) == [1, 1, 2, 2, 3, 3]
    idle_lanes = await lanes_of(connection, idle)
    assert idle_lanes[0] == 1
    assert sorted(idle_lanes[1:]) == [1, 1, 2, 2, 3, 3]
    code, output = await rebalance(dsn, "--lanes", "32767")
    assert code == 0
    assert len(set(await lanes_of(connection, busy))) == 6


async def test_what_counts_and_for_whom(dsn: str, ledger: Ledger, connection: asyncpg.Connection) -> None:
    """An operation counts once, for the wallet in whose order it is; what waits counts too, what is over does not."""
    client, company, friend = [await open_holder(ledger) for _ in range(3)]
    for one in (client.deposit("9.00"), company.charge(client, "1.00"), company.charge(client, "99.00")):
        assert (await ledger.submit(one)).operation is not None
    hold = Authorize(
        company.account_id, client.wallet, "1.00", None, "", usual_wallet_id=company.wallet.wallet_id
    )
    assert (await ledger.submit(hold)).rejection is None
    withdrawal = Withdraw(client.account_id, client.wallet, "1.00", None, "DE02120300000000202051", "")
    withdrawn = (await ledger.submit(withdrawal)).operation
    assert withdrawn is not None
    earlier = await ledger.reads.earlier(withdrawn.id, client.account_id)
    cancelled = await ledger.submit(CancelWithdrawal(client.account_id, withdrawn.id, earlier))
    assert cancelled.rejection is None
    assert await connection.fetchval("SELECT count(*) FROM operations WHERE kind = 'WITHDRAWAL'") == 2
    await had(connection, friend, 5, minutes_ago=40)
    await ledger.submit(Enqueue(friend.deposit("1.00")))
    await put_in_lane(connection, 2, company)
    await put_in_lane(connection, 3, friend)
    _, output = await rebalance(dsn, "--lanes", "3", "--dry-run")
    assert {lane: line[2] for lane, line in table(output).items()} == {1: 5, 2: 0, 3: 1}
    _, output = await rebalance(dsn, "--lanes", "3", "--window", "1h", "--dry-run")
    assert {lane: line[2] for lane, line in table(output).items()} == {1: 5, 2: 0, 3: 6}


@pytest.mark.slow
async def test_moving_beside_workers_loses_and_reorders_nothing(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "20.00") for _ in range(40)]
    accepted: Accepted = {}
    async with AsyncExitStack() as stack:
        for arguments in (("--lane", "1"), ("--lane", "2"), (), ()):
            stack.enter_context(
                running_worker(tmp_path, *arguments, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="25")
            )
        rounds = 0
        for lanes in (2, 5, 3, 1, 4, 2):
            running = asyncio.create_task(rebalance(dsn, "--lanes", str(lanes)))
            while not running.done():
                await enqueue(ledger, mixed(100, holders, company, seed=rounds), accepted)
                rounds += 1
            code, output = await running
            assert code == 0, output
            rows = await connection.fetch(
                "SELECT w.lane FROM queued_operations q JOIN wallets w ON w.id = q.wallet_id WHERE w.lane <> q.lane"
            )
            assert rows == []
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)
    await assert_invariants(connection)


async def test_waiting_operations_move_with_their_wallet(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "20.00") for _ in range(4)]
    commands: list[Queueable] = [company.charge(holder, "0.01") for _ in range(300) for holder in holders]
    accepted: Accepted = {}
    await enqueue(ledger, commands, accepted)
    code, output = await rebalance(dsn, "--lanes", "4")
    assert code == 0
    assert "\n3 wallets moved in " in output
    assert "with 900 waiting operations." in output
    with running_worker(tmp_path, "--lane", "3", DATABASE_URL=dsn):
        await until_left(connection, 900)
    assert {row[0] for row in await connection.fetch("SELECT lane FROM queued_operations")} == {1, 2, 4}
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)


async def test_a_wallet_that_is_held_is_left_and_keeps_no_other(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection
) -> None:
    holders = [await open_holder(ledger) for _ in range(6)]
    for holder in holders:
        await had(connection, holder, 10)
    await put_in_lane(connection, 9, *holders)
    async with held(dsn, holders[0]):
        code, output = await rebalance(dsn, "--lanes", "3")
        assert code == 0
        assert "\n5 wallets moved in " in output
        assert "\n1 wallet left for another time: somebody holds what was to move.\n" in output
        assert (await lanes_of(connection, holders))[0] == 9
    code, output = await rebalance(dsn, "--lanes", "3")
    assert sorted(await lanes_of(connection, holders)) == [1, 1, 2, 2, 3, 3]


async def two_that_belong_apart(
    ledger: Ledger, connection: asyncpg.Connection
) -> tuple[list[Holder], Callable[[], Awaitable[object]]]:
    """Two holders whose wallets do as much, and whether those are in lanes 1 and 2 by now."""
    holders = [await open_holder(ledger) for _ in range(2)]
    for holder in holders:
        await had(connection, holder, 10)

    async def are_apart() -> object:
        return sorted(await lanes_of(connection, holders)) == [1, 2]

    return holders, are_apart


async def test_one_balancer_at_a_time_and_the_next_takes_over(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection
) -> None:
    holders, are_apart = await two_that_belong_apart(ledger, connection)
    with balancing(dsn, "--lanes", "2", "--every", "1s") as first:
        await until(are_apart, "it has moved one")
        code, output = await rebalance(dsn, "--lanes", "2")
        assert (code, output) == (3, "Error: Another `purser rebalance` is at work. Nothing was changed.\n")
        assert (await rebalance(dsn, "--lanes", "2", "--dry-run"))[0] == 0
        # It repeats it.
        await put_in_lane(connection, 1, *holders)
        await until(are_apart, "it has moved one again")
        with balancing(dsn, "--lanes", "2", "--every", "1s") as second:
            assert second.stdout is not None
            line = await asyncio.to_thread(second.stdout.readline)
            assert line == "Another `purser rebalance` is at work; this one waits for it to end.\n"
            first.kill()
            await put_in_lane(connection, 1, *holders)
            await until(are_apart, "the other has moved one")


async def test_every_outlives_its_connection(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection
) -> None:
    holders, are_apart = await two_that_belong_apart(ledger, connection)
    with balancing(dsn, "--lanes", "2", "--every", "1s") as process:
        await until(are_apart, "it has moved one")
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'purser-operator'"
        await connection.execute(f"{cut} AND datname = current_database()")
        await put_in_lane(connection, 1, *holders)
        await until(are_apart, "it has moved one again")
        assert process.poll() is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Missing option '--lanes'"),
        (("--lanes", "0"), "0 is not in the range 1<=x<=32767"),
        (("--lanes", "32768"), "32768 is not in the range 1<=x<=32767"),
        (("--lanes", "2", "--window", "30"), "must look like 90s, 30m, 2h or 1d"),
        (("--lanes", "2", "--window", "0m"), "must look like 90s, 30m, 2h or 1d"),
        (("--lanes", "2", "--every", "9999d"), "must look like 90s, 30m, 2h or 1d"),
        (("--lanes", "2", "--every", "5m", "--dry-run"), "--dry-run and --every don't go together"),
    ],
)
async def test_options_that_make_no_sense(dsn: str, options: tuple[str, ...], said: str) -> None:
    code, output = await rebalance(dsn, *options)
    assert code == 2
    assert said in output


async def test_without_the_database(tmp_path: Path) -> None:
    code, output = await rebalance("postgresql://nobody@127.0.0.1:1/purser", "--lanes", "2")
    assert code == 1
    assert output.startswith("Error: The database can't be used: ")
