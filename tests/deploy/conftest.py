"""A fleet as an operator starts it, and nginx in front of instances that do as they are told."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from deploy.local.fleet import State
from deploy.local.proxy import find_nginx
from tests.databases import copy_database
from tests.deploy.running import CHECKOUT, SECONDS_MAX, Fleet
from tests.deploy.toys import Front, Toy, running_front, running_toy
from tests.running import SECRET_KEY

needs_nginx = pytest.mark.skipif("CI" not in os.environ and not find_nginx(), reason="nginx is not installed")
CLIENTS_AT_ONCE = 24


@pytest.fixture(scope="session")
def fleet(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """`python -m deploy.local up` on a database of its own."""
    folder = tmp_path_factory.mktemp("fleet")
    dsn = copy_database(template_dsn, "fleet")
    environment = {
        **os.environ,
        # A machine that is busy with others is slow, and one instance alone more so: that is no failed restart.
        "PURSER_QUEUE_SECONDS_MAX": "30",
        "DATABASE_URL": dsn,
        "PURSER_SECRET_KEY": SECRET_KEY,
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-P", "-m", "deploy.local", "up", "--folder", str(folder), "--port", "0"]
    log = folder / "fleet.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            give_up_at = time.monotonic() + SECONDS_MAX
            while not (folder / "fleet.json").exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up_at, log.read_text()
                time.sleep(0.05)
            yield Fleet(folder, State.read(folder), dsn, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(SECONDS_MAX)


@pytest.fixture
async def callers(fleet: Fleet) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of the proxy, each with a connection of its own that it keeps."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"http://{fleet.state.proxy}", timeout=30)
            )
            for _ in range(CLIENTS_AT_ONCE)
        ]


@pytest.fixture
async def toys() -> AsyncIterator[tuple[Toy, Toy]]:
    async with running_toy("one") as one, running_toy("two") as two:
        yield one, two


@pytest.fixture
async def front(toys: tuple[Toy, Toy], tmp_path: Path) -> AsyncIterator[Front]:
    """nginx on the configuration that serves, in front of two toys."""
    async with running_front(tmp_path, [toy.address for toy in toys]) as front:
        yield front
