"""Commands on a terminal: what takes long is seen to go on, and colours are there unless they are not wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from ledger import archives
from ledger.archiving import Advance
from ledger.service import Ledger
from runtime.database import OPERATOR_SETTINGS, open_pool
from runtime.settings import Settings
from tests.archives.aging import add_partitions, age
from tests.archives.old import AUGUST, SEPTEMBER, file_of
from tests.commandline.commands import PURSER
from tests.commandline.terminals import on_a_terminal
from tests.ledger.holders import open_holder

CLEARED = "\r\033[K"


@pytest.fixture
async def in_august(dsn: str, connection: asyncpg.Connection) -> None:
    """Three operations of a month that is long over."""
    async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        for _ in range(3):
            await open_holder(ledger, "10.00")
    await add_partitions(connection, [AUGUST, SEPTEMBER])
    await age(connection, AUGUST + timedelta(days=3))


@pytest.mark.usefixtures("in_august")
def test_what_takes_long_is_seen_to_go_on(dsn: str, tmp_path: Path) -> None:
    file = str(file_of(tmp_path, "202508"))
    for arguments, steps in (
        (["migrate"], ["Bringing the schema up to date 0 s"]),
        (["rebalance", "--lanes", "2"], ["Counting operations 0 s", "Moving wallets ["]),
        (
            ["partitions", "archive", "202508", str(tmp_path)],
            ["Looking through", "Writing 202508 [", "Checking 202508 ["],
        ),
        (["partitions", "detach", file], ["Checking 202508 [", "Taking 202508 out"]),
        (["partitions", "restore", file], ["Loading 202508 [", "Rebuilding 202508"]),
    ):
        drawn, printed = on_a_terminal([*PURSER, *arguments], DATABASE_URL=dsn)
        at = [drawn.index(CLEARED + step) for step in steps]
        assert at == sorted(at)
        assert drawn.endswith(CLEARED)
        assert printed
        assert CLEARED not in printed


@pytest.mark.usefixtures("in_august")
async def test_archives_tell_of_each_operation(dsn: str, tmp_path: Path) -> None:
    told: list[tuple[str, int | None, int]] = []

    @contextmanager
    def watch(step: str, operations: int | None) -> Iterator[Advance]:
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count

        yield advance
        told.append((step, operations, done))

    connection = await asyncpg.connect(dsn, server_settings=OPERATOR_SETTINGS)
    try:
        await archives.archive(connection, "202508", tmp_path, watch)
        await archives.detach(connection, file_of(tmp_path, "202508"), watch)
        await archives.restore(connection, file_of(tmp_path, "202508"), watch)
    finally:
        await connection.close()
    assert told == [
        ("Looking through 202508", None, 0),
        ("Writing 202508", 3, 3),
        ("Checking 202508", 3, 3),
        ("Checking 202508", 3, 3),
        ("Taking 202508 out", None, 0),
        ("Loading 202508", 3, 3),
        ("Rebuilding 202508", None, 0),
    ]


def test_colours_are_for_terminals_and_those_who_want_them(dsn: str) -> None:
    command = [*PURSER, "reconcile"]
    shown, _ = on_a_terminal(command, shows_output=True, DATABASE_URL=dsn)
    assert "\033[32mAll is well: " in shown
    shown, _ = on_a_terminal(command, shows_output=True, DATABASE_URL=dsn, NO_COLOR="1")
    assert f"{CLEARED}All is well: " in shown
    assert "\033[32m" not in shown
    _, printed = on_a_terminal(command, DATABASE_URL=dsn)
    assert printed.startswith("All is well: ")
