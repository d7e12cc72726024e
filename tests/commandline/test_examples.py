"""The examples of the help texts, typed into a shell: each does what it says."""

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.archives.aging import add_partitions, age
from tests.archives.old import AUGUST, SEPTEMBER
from tests.client import PASSWORD
from tests.commandline.commands import EVERYTHING, SECONDS_MAX
from tests.ledger.holders import open_holder
from tests.running import SECRET_KEY

EXAMPLES = [typed for command in EVERYTHING.values() for _, typed in command.examples]  # type: ignore[attr-defined]
OF_MONTHS = [typed for typed in EXAMPLES if "purser partitions" in typed]
# What goes on until it is stopped: the sentence that says it is at work, and what it exits with after Ctrl-C.
GOES_ON = {
    "purser serve": ("Purser is ready.", 0),
    "purser worker": ("Worker started", 0),
    "purser bank-simulator": ("The simulated bank answers", 0),
    "--every": ("moved in", 130),
}
# In place of ports that may be another's on this machine, and of what takes long. Of an option the last one counts.
FREE = {
    "PURSER_PORT=8080": "PURSER_PORT=0",
    "purser bank-simulator": "purser bank-simulator --port 0",
    "purser seed": "purser seed --clients 60 --companies 24 --operations 2000",
}


@pytest.fixture
def environment(dsn: str, tmp_path: Path) -> dict[str, str]:
    """A shell's in which `purser` is a command, and the folder `archives` is at hand."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "archives").mkdir()
    program = folder / "purser"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m cli "$@"\n')
    program.chmod(0o755)
    own = {"URL": dsn, "PASSWORD": PASSWORD, "PURSER_PORT": "0", "PURSER_SECRET_KEY": SECRET_KEY}
    own["PURSER_DATA_DIR"] = str(tmp_path / "data")
    return os.environ | own | {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}


@contextmanager
def typed_into_a_shell(
    typed: str, environment: dict[str, str], folder: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The shell, killed at the end with all it runs, and the terminal on which it is asked for something."""
    for written, free in FREE.items():
        typed = typed.replace(written, free)
    ours, terminal = pty.openpty()
    try:
        process = subprocess.Popen(
            # Ctrl-C is for what was typed. The shell waits for it to end.
            ["sh", "-ec", f"trap : INT\n{typed}"],
            env=environment,
            cwd=folder,
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Who runs the tests in the background of a script has them ignore interrupts, and so all that they start.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        with process:
            try:
                yield process, ours
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    finally:
        os.close(terminal)
        os.close(ours)


def until_said(process: subprocess.Popen[str], sentence: str) -> None:
    assert process.stdout is not None
    said = ""
    while sentence not in said:
        character = process.stdout.read(1)
        assert character, said
        said += character


@pytest.mark.parametrize("typed", sorted(set(EXAMPLES) - set(OF_MONTHS)))
def test_an_example(typed: str, dsn: str, environment: dict[str, str], tmp_path: Path) -> None:
    if "jq" in typed and not shutil.which("jq") and "CI" not in os.environ:
        pytest.skip("jq is not installed")
    if "serve" not in typed:
        environment = environment | {"DATABASE_URL": dsn}
    sentence, code = next((expected for words, expected in GOES_ON.items() if words in typed), ("", 0))
    with typed_into_a_shell(typed, environment, tmp_path) as (process, terminal):
        if "create-admin" in typed and "--password-stdin" not in typed:
            for prompt in ("Password: ", "Repeat for confirmation: "):
                until_said(process, prompt)
                os.write(terminal, f"{PASSWORD}\n".encode())
        if sentence:
            until_said(process, sentence)
            os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == code, said


async def test_the_examples_of_months_one_after_another(
    dsn: str, connection: asyncpg.Connection, environment: dict[str, str], tmp_path: Path
) -> None:
    async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        await open_holder(ledger, "10.00")
    await add_partitions(connection, [AUGUST, SEPTEMBER])
    await age(connection, AUGUST + timedelta(days=3))
    assert len(OF_MONTHS) > 6
    for typed in sorted(OF_MONTHS, key=lambda typed: "list" not in typed):
        with typed_into_a_shell(typed, environment | {"DATABASE_URL": dsn}, tmp_path) as (process, _):
            said, _ = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == 0, said
        if "jq" in typed:
            assert said == "202508\n"
    assert (tmp_path / "archives" / "purser-202508.jsonl.gz").exists()
