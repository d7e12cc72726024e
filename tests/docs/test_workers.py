"""docs/workers.md against the workers, the command line and a running service."""

import asyncio
import json
import re
from typing import Any

import asyncpg
import click
import pytest

from commandline.rebalance import rebalance
from ledger import backlog
from ledger.queue import SQL
from ledger.service import Ledger
from runtime.database import _WRITER_SETTINGS, open_pool
from runtime.settings import CONNECTIONS_OF_DUTIES, WRITERS_A_PROCESS, Settings
from tests.client import Api
from tests.databases import copy_database
from tests.docs.tables import ROOT, table_of
from tests.ledger.holders import open_holder
from tests.workers import test_rebalance
from workers import balancing, queue
from workers.worker import DUTIES

PAGE = "workers.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")
FLAT = " ".join(TEXT.split())


@pytest.fixture
async def lanes_dsn(template_dsn: str) -> str:
    return await asyncio.to_thread(copy_database, template_dsn, "docs_of_workers")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_duty_is_there() -> None:
    assert list(table_of(PAGE, "Duty").by_name()) == [duty.name for duty in DUTIES]


def test_the_figures_are_those_of_the_code() -> None:
    again = f"after {queue.AGAIN_SECONDS_MIN:g} s, then {2 * queue.AGAIN_SECONDS_MIN:g} s, up to every"
    for sentence in (
        f"{again} {queue.AGAIN_SECONDS_MAX:g} s",
        f"With {queue.ASIDE_MAX:,} wallets set aside",
        f"at most {balancing.CHUNK:,} in a transaction",
        f"for up to {balancing.WALLET_MILLISECONDS_MAX / 1000:g} s, and then left",
        f"does not answer within {backlog.COUNT_SECONDS_MAX:g} s",
        "the first 50,000 of a lane",
        "longer than 1.5 s",
    ):
        assert sentence in FLAT, sentence
    assert "LIMIT 50000" in SQL["first_free_of_lane"]
    assert _WRITER_SETTINGS["lock_timeout"] == "1500ms"
    assert WRITERS_A_PROCESS + CONNECTIONS_OF_DUTIES == 5
    assert "up to five more" in FLAT


def test_the_options_are_those_of_the_command() -> None:
    options = {parameter.opts[0]: parameter for parameter in rebalance.params}
    listed = table_of(PAGE, "Option").by_name()
    assert list(listed) == list(options)
    assert listed["--window"][1] == options["--window"].default
    lanes = options["--lanes"].type
    assert isinstance(lanes, click.IntRange)
    assert f"{lanes.min} to {lanes.max}" in listed["--lanes"][0]


async def test_the_plan_is_as_shown(lanes_dsn: str) -> None:
    connection = await asyncpg.connect(lanes_dsn)
    async with open_pool(lanes_dsn, 2) as pool, Ledger.open(Settings(), lanes_dsn, pool) as ledger:
        for count in (1234, 5678, 0, 3456):
            await test_rebalance.had(connection, await open_holder(ledger), count)
    (asked,) = (block for block in blocks("sh") if "--dry-run" in block)
    (shown,) = blocks("text")
    command = asked.split()
    assert command[:2] == ["purser", "rebalance"]
    assert await test_rebalance.rebalance(lanes_dsn, *command[2:]) == (0, shown)
    _, done = await test_rebalance.rebalance(lanes_dsn, *command[2:-1])
    last = re.sub(r"in [0-9.]+ s", "in 0.1 s", done.splitlines()[-1])
    assert last in FLAT
    await connection.close()


async def test_the_status_is_as_shown(anyone: Api) -> None:
    (block,) = blocks("json")
    shown, told = json.loads(block), (await anyone.http.get("/status")).json()
    assert _shape(told) == _shape(shown)
    listed = {name for names in table_of(PAGE, "Field").by_name() for name in names.split(", ")}
    assert listed == {f"{part}.{field}" for part in ("queue", "withdrawals") for field in told[part]}


def _shape(value: Any) -> Any:
    return {name: _shape(inner) for name, inner in value.items()} if isinstance(value, dict) else None
