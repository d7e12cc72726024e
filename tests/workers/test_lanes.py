"""Real workers on a queue: killed in the middle, beside each other, in lanes, and where something is in their way.

What is looked for each time: every operation is carried out once, in the order of its wallet, and the books are even.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ledger.commands import Charge, Enqueue, Queueable, Split, Transfer
from ledger.service import Ledger
from tests.ledger.holders import Holder, open_holder
from tests.ledger.invariants import assert_invariants
from tests.workers.running import running_worker, until

Accepted = dict[UUID, list[UUID]]
DONE_IN_ORDER = """
    SELECT o.origin_id FROM entries e JOIN operations o ON o.id = e.operation_id
    WHERE e.wallet_id = $1 AND o.accepted_at IS NOT NULL AND coalesce(o.source_id, o.target_id) = $1
    ORDER BY e.sequence
"""
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name LIKE 'purser%' AND datname = current_database()
"""


@pytest.fixture(autouse=True)
async def _invariants_hold(dsn: str, ledger: Ledger, connection: asyncpg.Connection) -> AsyncIterator[None]:
    yield
    await assert_invariants(connection)


async def enqueue(
    ledger: Ledger, commands: Sequence[Queueable], accepted: Accepted | None = None
) -> list[UUID]:
    """Their ids; kept in `accepted` too, by the wallet in whose order each is."""
    ids = []
    for outcome in await ledger.submit_many([Enqueue(command) for command in commands]):
        operation = outcome.operation
        assert operation is not None
        assert operation.status == "PENDING"
        ids.append(operation.id)
        if accepted is not None:
            ordered_by = operation.source_id or operation.target_id
            assert ordered_by is not None
            accepted.setdefault(ordered_by, []).append(operation.id)
    return ids


async def waiting_count(connection: asyncpg.Connection) -> int:
    count: int = await connection.fetchval("SELECT count(*) FROM queued_operations")
    return count


async def until_left(connection: asyncpg.Connection, count: int) -> None:
    async def is_left() -> object:
        return await waiting_count(connection) == count

    await until(is_left, f"{count} operations wait")


async def assert_done_once_and_in_order(connection: asyncpg.Connection, accepted: Accepted) -> None:
    for wallet_id, ids in accepted.items():
        rows = await connection.fetch(DONE_IN_ORDER, wallet_id)
        assert [row["origin_id"] for row in rows] == ids


async def put_in_lane(connection: asyncpg.Connection, lane: int, *holders: Holder) -> None:
    """Before anything waits for them."""
    ids = [holder.wallet.wallet_id for holder in holders]
    await connection.execute("UPDATE wallets SET lane = $1 WHERE id = ANY ($2)", lane, ids)


@asynccontextmanager
async def held(dsn: str, holder: Holder) -> AsyncIterator[None]:
    """Somebody has the row of the wallet locked, and does not let go."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute(
            "SELECT FROM wallets WHERE id = $1 FOR NO KEY UPDATE", holder.wallet.wallet_id
        )
        yield
    await connection.close()


def pay(sender: Holder, receiver: Holder, amount: str) -> Transfer:
    return Transfer(sender.account_id, sender.wallet, receiver.wallet, amount, None, "")


def mixed(count: int, holders: Sequence[Holder], company: Holder, seed: int) -> list[Queueable]:
    """Deposits, charges and transfers, so many that some are refused in their turn."""
    chance = random.Random(seed)
    commands: list[Queueable] = []
    for _ in range(count):
        one, other = chance.sample(holders, 2)
        amount = f"{chance.randrange(1, 300) / 100:.2f}"
        kind = chance.randrange(3)
        if kind == 0:
            commands.append(one.deposit(amount))
        elif kind == 1:
            commands.append(company.charge(one, amount))
        else:
            commands.append(pay(one, other, amount))
    return commands


@pytest.mark.slow
async def test_killed_again_and_again_all_is_done_once_and_in_order(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "20.00") for _ in range(30)]
    accepted: Accepted = {}
    commands = mixed(6000, holders, company, seed=1)
    for start in range(0, len(commands), 500):
        await enqueue(ledger, commands[start : start + 500], accepted)
    chance = random.Random(2)
    deaths = 0
    while (left := await waiting_count(connection)) and deaths < 12:
        # Small batches, so that there are many places to be killed at.
        with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="40") as worker:
            before = left

            async def has_begun(before: int = before) -> object:
                return await waiting_count(connection) < before

            await until(has_begun, "some are done")
            await asyncio.sleep(chance.random() * 0.1)
            worker.kill()
            deaths += 1
    assert deaths > 3
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)
    done = "SELECT count(*) FROM operations WHERE accepted_at IS NOT NULL"
    assert await connection.fetchval(done) == len(commands)
    statuses = "SELECT DISTINCT status::text FROM operations WHERE accepted_at IS NOT NULL"
    assert {row[0] for row in await connection.fetch(statuses)} == {"SUCCEEDED", "FAILED"}


async def test_a_worker_serves_its_lane_alone(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company, first, second = [await open_holder(ledger, "10.00") for _ in range(3)]
    await put_in_lane(connection, 2, second)
    await enqueue(ledger, [company.charge(first, "1.00"), company.charge(second, "1.00")])
    with running_worker(tmp_path, "--lane", "2", DATABASE_URL=dsn) as worker:
        await until_left(connection, 1)
        assert await connection.fetchval("SELECT wallet_id FROM queued_operations") == first.wallet.wallet_id
        await asyncio.sleep(0.5)
        assert await waiting_count(connection) == 1
        assert worker.stop() == 0
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_left(connection, 0)


async def test_a_stuck_wallet_stops_those_alone_who_name_it(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company, stuck, neighbour, elsewhere = [await open_holder(ledger, "10.00") for _ in range(4)]
    await put_in_lane(connection, 2, elsewhere)
    accepted: Accepted = {}
    commands: list[Queueable] = []
    for _ in range(3):
        commands += [
            company.charge(stuck, "1.00"),
            company.charge(neighbour, "1.00"),
            company.charge(elsewhere, "1.00"),
        ]
    # Of who pays the stuck one, what comes before that, but not what comes after.
    payer = await open_holder(ledger, "10.00")
    commands += [company.charge(payer, "1.00"), pay(payer, stuck, "1.00"), company.charge(payer, "2.00")]
    # Acceptance waits for a wallet as everything does, so it is held once all is accepted.
    await enqueue(ledger, commands, accepted)
    async with held(dsn, stuck), AsyncExitStack() as stack:
        for lane in ("1", "2"):
            stack.enter_context(running_worker(tmp_path, "--lane", lane, DATABASE_URL=dsn))
        await until_left(connection, 5)
        # And what comes meanwhile, all of it to the same company.
        await enqueue(
            ledger, [company.charge(neighbour, "1.00"), company.charge(elsewhere, "1.00")], accepted
        )
        await until_left(connection, 5)
        rows = await connection.fetch("SELECT wallet_id FROM queued_operations ORDER BY position")
        stuck_id, payer_id = stuck.wallet.wallet_id, payer.wallet.wallet_id
        assert [row[0] for row in rows] == [*[stuck_id] * 3, payer_id, payer_id]
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)


async def test_a_held_wallet_leaves_the_lane_to_others_at_once(ledger: Ledger) -> None:
    """However many operations name it, the first that don't are found, up to where something names it first."""
    stuck, company, one, other = [await open_holder(ledger, "10.00") for _ in range(4)]
    many = await enqueue(ledger, [stuck.charge(one, "0.01") for _ in range(100)])
    free = await enqueue(ledger, [company.charge(other, "0.01") for _ in range(3)])
    last: list[Queueable] = [
        pay(other, stuck, "0.01"),
        company.charge(other, "0.01"),
        pay(one, other, "0.01"),
    ]
    behind = await enqueue(ledger, last)

    async def first_of(limit: int, **left_out: list[UUID]) -> list[UUID]:
        found = await ledger.queue.first_of(1, limit, **left_out)
        return [waiting.accepted.id for waiting in found]

    assert await first_of(2, held=[stuck.wallet.wallet_id]) == free[:2]
    assert await first_of(500, held=[stuck.wallet.wallet_id]) == free
    assert await first_of(500, without=[one.wallet.wallet_id]) == [*free, *behind[:2]]
    assert await first_of(500) == [*many, *free, *behind]


async def test_more_than_a_batch_for_a_stuck_wallet_keeps_nobody_from_their_turn(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    stuck, partner, free = [await open_holder(ledger, "10.00") for _ in range(3)]
    payers = [await open_holder(ledger, "1.00") for _ in range(40)]
    accepted: Accepted = {}
    # The wallet of a company that is charged for, or that has a part in it.
    commands: list[Queueable] = [stuck.charge(payer, "0.01") for payer in payers for _ in range(3)]
    shares = (Split(stuck.wallet, "0.01", None),)
    commands += [
        Charge(partner.account_id, payer.wallet, "0.02", None, "", partner.wallet, splits=shares)
        for payer in payers[:20]
    ]
    await enqueue(ledger, commands, accepted)
    late = await enqueue(ledger, [free.deposit("1.00") for _ in range(3)], accepted)
    async with held(dsn, stuck):
        with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="10"):

            async def are_done() -> object:
                done = "SELECT count(*) FROM operations WHERE origin_id = ANY ($1)"
                return await connection.fetchval(done, late) == 3

            await until(are_done, "those behind are done")
            assert await waiting_count(connection) == len(commands)
    with running_worker(tmp_path, DATABASE_URL=dsn):
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)


async def test_what_can_not_be_carried_out_stops_its_own_wallet_alone(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company, *holders = [await open_holder(ledger, "10.00") for _ in range(6)]
    accepted: Accepted = {}
    ids = await enqueue(
        ledger, [company.charge(holder, "1.00") for holder in holders for _ in range(4)], accepted
    )
    unreadable, broken = ids[1], ids[5]
    # What was accepted can't be changed but by somebody who switches the triggers off.
    await connection.execute("SET session_replication_role = replica")
    keep = "CREATE TABLE kept AS SELECT id, command FROM queued_operations WHERE id = ANY ($1::uuid[])"
    await connection.execute(keep.replace("$1", f"ARRAY['{unreadable}', '{broken}']"))
    await connection.execute("UPDATE queued_operations SET command = '{}' WHERE id = $1", unreadable)
    # Readable, and an error wherever it is decided.
    damage = "UPDATE queued_operations SET command = jsonb_set(command, '{currency}', '{}') WHERE id = $1"
    await connection.execute(damage, broken)
    with running_worker(tmp_path, DATABASE_URL=dsn) as worker:
        await until_left(connection, 6)
        rows = await connection.fetch("SELECT id FROM queued_operations ORDER BY position")
        assert [row[0] for row in rows] == [*ids[1:4], *ids[5:8]]
        # What comes meanwhile is done, and the worker does not turn in circles.
        await enqueue(ledger, [company.charge(holder, "1.00") for holder in holders], accepted)
        await until_left(connection, 8)
        await asyncio.sleep(1)
        lines = [line for line in worker.said.splitlines() if "can't be carried out" in line]
        assert 2 <= len(lines) <= 10
        assert str(unreadable) in worker.said
        assert str(broken) in worker.said
        await connection.execute(
            "UPDATE queued_operations AS q SET command = k.command FROM kept k WHERE k.id = q.id"
        )
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)


async def test_several_workers_share_the_lanes(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "100.00") for _ in range(12)]
    for lane in range(1, 5):
        await put_in_lane(connection, lane, *holders[lane - 1 :: 4])
    accepted: Accepted = {}
    async with AsyncExitStack() as stack:
        for _ in range(3):
            stack.enter_context(running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="20"))
        for seed in range(10):
            await enqueue(ledger, mixed(300, holders, company, seed), accepted)
        await until_left(connection, 0)
    await assert_done_once_and_in_order(connection, accepted)


async def test_two_workers_that_both_believe_the_lane_to_be_theirs(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    """The lock of a lane only saves work: without it the same commands are carried out once all the same."""
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "20.00") for _ in range(5)]
    accepted: Accepted = {}
    await enqueue(ledger, mixed(200, holders, company, seed=3), accepted)
    first, later = [await ledger.queue.first_of(1, limit) for limit in (50, 200)]
    await ledger.queue.carry_out([waiting.read() for waiting in first])
    # Read before the others were carried out, so that it has them too.
    await ledger.queue.carry_out([waiting.read() for waiting in later])
    await ledger.queue.carry_out([waiting.read() for waiting in first])
    assert await waiting_count(connection) == 0
    await assert_done_once_and_in_order(connection, accepted)


async def test_cut_connections_are_survived(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company = await open_holder(ledger)
    holders = [await open_holder(ledger, "20.00") for _ in range(10)]
    accepted: Accepted = {}
    with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="20") as worker:
        for seed in range(8):
            await enqueue(ledger, mixed(200, holders, company, seed), accepted)
            await connection.execute(CUT)
        await until_left(connection, 0)
        assert worker.process.poll() is None
        assert worker.stop() == 0
    await assert_done_once_and_in_order(connection, accepted)


async def test_a_worker_that_is_stopped_finishes_its_batch_and_takes_up_no_other(
    dsn: str, ledger: Ledger, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    company, payer = await open_holder(ledger), await open_holder(ledger, "50.00")
    accepted: Accepted = {}
    commands: list[Queueable] = [company.charge(payer, "0.01") for _ in range(3000)]
    for start in range(0, len(commands), 500):
        await enqueue(ledger, commands[start : start + 500], accepted)
    with running_worker(tmp_path, DATABASE_URL=dsn, PURSER_BATCH_SIZE_MAX="10") as worker:

        async def has_begun() -> object:
            return await waiting_count(connection) < len(commands)

        await until(has_begun, "some are done")
        assert worker.stop() == 0
    left = await waiting_count(connection)
    assert 0 < left < len(commands)
    assert left % 10 == 0
    await assert_done_once_and_in_order(
        connection, {wallet_id: ids[: len(ids) - left] for wallet_id, ids in accepted.items()}
    )
