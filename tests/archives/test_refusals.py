"""What is damaged, in use or not sound is refused, and then nothing has changed."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from ledger import archives
from ledger.archiving import Reason
from tests.archives.old import Old, Operator, file_of, refused, take_out
from tests.databases import until_waiting
from tests.ledger.invariants import assert_invariants


def flipped(written: bytes) -> bytes:
    middle = len(written) // 2
    return written[:middle] + bytes([written[middle] ^ 4]) + written[middle + 1 :]


def with_lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda written: gzip.compress(b"".join(change(gzip.decompress(written).splitlines(keepends=True))))


def another_amount(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"amount":', b'"amount":1'), *lines[2:]]


def forged(lines: list[bytes]) -> list[bytes]:
    """Another summary in an operation, and a last line that agrees with it."""
    told = [lines[0], lines[1].replace(b'"summary":"', b'"summary":"x'), *lines[2:-1]]
    digest = hashlib.sha256(b"".join(told)).hexdigest()
    return [*told, re.sub(rb"[0-9a-f]{64}", digest.encode(), lines[-1])]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], Reason]] = {
    "empty": (lambda written: written[:0], Reason.FILE_DAMAGED),
    "cut off": (lambda written: written[: len(written) * 2 // 3], Reason.FILE_DAMAGED),
    "without its last byte": (lambda written: written[:-1], Reason.FILE_DAMAGED),
    "a bit flipped": (flipped, Reason.FILE_DAMAGED),
    "no gzip": (lambda written: gzip.decompress(written), Reason.FILE_DAMAGED),
    "cut off at a line": (with_lines(lambda lines: lines[:-1]), Reason.FILE_DAMAGED),
    "a line is missing": (with_lines(lambda lines: [lines[0], *lines[2:]]), Reason.FILE_DAMAGED),
    "another amount": (with_lines(another_amount), Reason.FILE_DAMAGED),
    "more after its end": (with_lines(lambda lines: [*lines, lines[-1]]), Reason.FILE_DAMAGED),
    "another version": (
        with_lines(lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]]),
        Reason.FILE_DAMAGED,
    ),
    "no description": (with_lines(lambda lines: lines[1:]), Reason.FILE_DAMAGED),
    "forged": (with_lines(forged), Reason.FILE_DIFFERS),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_file_is_found(damage: str, old: Old, operator: Operator, tmp_path: Path) -> None:
    harm, reason = DAMAGES[damage]
    path, _ = await operator(archives.archive, "202508", tmp_path)
    sound = path.read_bytes()
    assert harm(sound) != sound
    before = await old.tables()
    path.write_bytes(harm(sound))
    assert await refused(operator(archives.archive, "202508", tmp_path)) == reason
    assert await refused(operator(archives.detach, path)) == reason
    assert await old.tables() == before

    path.write_bytes(sound)
    await operator(archives.detach, path)
    out = await old.tables()
    path.write_bytes(harm(sound))
    assert await refused(operator(archives.restore, path)) == reason
    assert await old.tables() == out


async def test_a_file_that_can_not_be_read_or_is_unknown(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    path, _ = await operator(archives.archive, "202508", tmp_path)
    for command in (archives.detach, archives.restore):
        assert await refused(operator(command, tmp_path / "nothing")) == Reason.FILE_UNUSABLE
        assert await refused(operator(command, tmp_path)) == Reason.FILE_UNUSABLE
    await old.connection.execute("DELETE FROM archives")
    for command in (archives.detach, archives.restore):
        assert await refused(operator(command, path)) == Reason.NOT_ARCHIVED


PAST_THE_FILE = {
    "an operation more": "INSERT INTO operations SELECT (overlay(id::text placing '0' from 36))::uuid, kind, status, "
    "failure_code, account_id, summary, amount, currency, source_id, target_id, debited, credited, created_at "
    "FROM operations_202508 WHERE right(id::text, 1) <> '0' LIMIT 1",
    "another amount": "UPDATE entries_202508 SET amount = amount + 1 WHERE sequence = 1",
    "an entry less": "DELETE FROM entries_202508 WHERE sequence = 2",
}


@pytest.mark.parametrize("change", PAST_THE_FILE)
async def test_tables_that_changed_since_are_not_detached(
    change: str, old: Old, operator: Operator, tmp_path: Path
) -> None:
    path, _ = await operator(archives.archive, "202508", tmp_path)
    async with old.connection.transaction():
        await old.connection.execute("SET LOCAL session_replication_role = replica")
        await old.connection.execute(PAST_THE_FILE[change])
    before = await old.tables()
    assert await refused(operator(archives.detach, path)) == Reason.FILE_DIFFERS
    assert await old.tables() == before


UNSOUND = {
    "a gap": ("UPDATE entries_202508 SET sequence = 900 WHERE sequence = 2", Reason.TABLES_DAMAGED),
    "a lost entry": ("DELETE FROM entries_202508 WHERE sequence = 2", Reason.TABLES_DAMAGED),
    "another amount": (
        "UPDATE entries_202508 SET amount = amount + 1 WHERE sequence = 2",
        Reason.TABLES_DAMAGED,
    ),
    "both sides of it": (
        "UPDATE entries_202508 SET amount = amount * 2 WHERE currency = 'EUR'",
        Reason.TABLES_DAMAGED,
    ),
    "an operation is lost": ("DELETE FROM operations_202508 WHERE kind = 'DEPOSIT'", Reason.TABLES_DAMAGED),
    "an operation has not the time of its entries": (
        "UPDATE operations_202508 SET created_at = created_at + interval '40 days' WHERE kind = 'REFUND'",
        Reason.TABLES_DAMAGED,
    ),
    "not done yet": (
        "UPDATE operations_202508 SET status = 'PENDING' WHERE kind = 'DEPOSIT'",
        Reason.STILL_PENDING,
    ),
}


@pytest.mark.parametrize("fault", UNSOUND)
async def test_what_is_not_sound_is_not_archived(
    fault: str, old: Old, operator: Operator, tmp_path: Path
) -> None:
    plant, reason = UNSOUND[fault]
    async with old.connection.transaction():
        await old.connection.execute("SET LOCAL session_replication_role = replica")
        await old.connection.execute(plant)
    assert await refused(operator(archives.archive, "202508", tmp_path)) == reason
    assert not file_of(tmp_path, "202508").exists()


async def test_charges_go_on_while_a_month_goes_and_comes_back(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    await old.ledger.submit(old.client.deposit("1000.00"))
    is_over = asyncio.Event()

    async def charge_on() -> int:
        count = 0
        while not is_over.is_set():
            assert (await old.ledger.submit(old.company.charge(old.client, "0.01"))).rejection is None
            assert await old.sequences(old.client)
            count += 1
        return count

    charging = [asyncio.create_task(charge_on()) for _ in range(4)]
    try:
        for _ in range(2):
            await take_out(operator, tmp_path, "202508")
            await operator(archives.restore, file_of(tmp_path, "202508"))
    finally:
        is_over.set()
        counts = await asyncio.gather(*charging)
    assert min(counts) > 0
    await assert_invariants(old.connection)


async def test_a_long_reader_is_given_way_and_not_deadlocked_with(
    old: Old, operator: Operator, tmp_path: Path
) -> None:
    path, _ = await operator(archives.archive, "202508", tmp_path)
    async with old.connection.transaction():
        await old.connection.fetch("SELECT FROM entries")
        detaching = asyncio.ensure_future(operator(archives.detach, path))
        await until_waiting(old.connection, 1)
        # Others go on meanwhile, and so does the reader, into the other table.
        assert (await old.ledger.submit(old.client.deposit("1.00"))).rejection is None
        await old.connection.fetch("SELECT FROM operations")
        assert not detaching.done()
    await detaching
    await assert_invariants(old.connection)


async def test_who_never_gets_the_tables_gives_up(
    old: Old, operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_TRIES_MAX", 2)
    path, _ = await operator(archives.archive, "202508", tmp_path)
    before = await old.tables()
    async with old.connection.transaction():
        await old.connection.fetch("SELECT FROM operations")
        assert await refused(operator(archives.detach, path)) == Reason.BUSY
    assert await old.tables() == before
    await operator(archives.detach, path)
    async with old.connection.transaction():
        await old.connection.fetch("SELECT FROM operations")
        assert await refused(operator(archives.restore, path)) == Reason.BUSY
    assert await old.connection.fetchval("SELECT to_regclass('operations_202508') IS NULL")
    await assert_invariants(old.connection)


async def test_one_at_a_time(old: Old, operator: Operator, tmp_path: Path, dsn: str) -> None:
    other = await asyncpg.connect(dsn)
    try:
        await archives.archive(other, "202508", tmp_path)
        for command in (archives.detach, archives.restore):
            assert await refused(operator(command, file_of(tmp_path, "202508"))) == Reason.BUSY
        assert await refused(operator(archives.archive, "202508", tmp_path)) == Reason.BUSY
    finally:
        await other.close()
