"""docs/cli.md: help texts, exit codes and documents are what the commands print; completion completes."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ledger.archiving import Reason
from ledger.rejections import ErrorCode
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings
from tests.archives.aging import add_partitions, age
from tests.archives.old import AUGUST, SEPTEMBER
from tests.client import PASSWORD
from tests.commandline.commands import COMMANDS, SECONDS_MAX, purser
from tests.databases import copy_database
from tests.docs.cli_page import PAGE, as_it_should_be
from tests.docs.tables import ROOT, table_of
from tests.ledger.holders import open_holder

TEXT = PAGE.read_text("utf-8")
DOCUMENTS = {
    name: json.loads(document)
    for name, document in re.findall(
        r"^### The document of `purser ([\w -]+)`\n.*?^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL
    )
}


def test_the_page_has_what_help_prints_and_all_exit_codes() -> None:
    assert as_it_should_be(TEXT) == TEXT, "`python -m tests.docs.cli_page` writes them anew."


def test_every_command_with_json_has_its_document() -> None:
    with_json = {name for name, one in COMMANDS.items() if any(it.name == "as_json" for it in one.params)}
    assert DOCUMENTS.keys() == with_json


def test_every_code_of_an_error_is_in_the_table() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "commandline").glob("*.py"))
    raised = set(re.findall(r"""(?:Refused|_NotFoundOut|__init__)\(\s*"([A-Z_]+)",""", sources))
    codes = set(table_of("cli.md", "Code", "When").by_name())
    assert codes == raised | {"BUSY"}
    assert "BUSY" in set(Reason)
    assert "EMAIL_INVALID" in set(ErrorCode)


def alike(written: Any, printed: Any) -> bool:
    """Whether both have the same shape, as far as neither is empty or null."""
    if isinstance(written, dict) and isinstance(printed, dict):
        return written.keys() == printed.keys() and all(
            alike(written[name], printed[name]) for name in written
        )
    if isinstance(written, list) and isinstance(printed, list):
        return all(alike(written[0], one) for one in printed) if written else True
    return written is None or printed is None or type(written) is type(printed)


@pytest.fixture
def dsn(template_dsn: str) -> str:
    return copy_database(template_dsn, "documents")


def test_the_document_of_a_seeded_world(template_dsn: str) -> None:
    empty = copy_database(template_dsn, "document of seed")
    small = ["--clients", "60", "--companies", "24", "--operations", "2000"]
    done = purser("seed", *small, "--json", DATABASE_URL=empty)
    assert (done.returncode, done.stderr) == (0, "")
    assert alike(DOCUMENTS["seed"], json.loads(done.stdout)), done.stdout


async def test_the_documents_are_as_written(dsn: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    async with open_pool(dsn, 4) as pool, Ledger.open(Settings(), dsn, pool) as ledger:
        await open_holder(ledger, "10.00")
    await add_partitions(connection, [AUGUST, SEPTEMBER])
    await age(connection, AUGUST + timedelta(days=3))
    (tmp_path / "archives").mkdir()
    file = str(tmp_path / "archives" / "purser-202508.jsonl.gz")
    for name, arguments in {
        "migrate": [],
        "create-admin": ["--password-stdin", "ada@example.com"],
        "reconcile": [],
        "partitions archive": ["202508", str(tmp_path / "archives")],
        "partitions list": [],
        "partitions detach": [file],
        "partitions restore": [file],
        "rebalance": ["--lanes", "2"],
    }.items():
        done = purser(*name.split(), *arguments, "--json", said=PASSWORD, DATABASE_URL=dsn)
        assert (done.returncode, done.stderr) == (0, ""), name
        printed = json.loads(done.stdout)
        assert alike(DOCUMENTS[name], printed), done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_completion(tmp_path: Path) -> None:
    program = tmp_path / "purser"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m cli "$@"\n')
    program.chmod(0o755)
    (typed,) = re.findall(r"^(eval .*bash_source.*?)  #", TEXT, re.MULTILINE)

    def completed(*words: str) -> list[str]:
        # What the Tab key does in bash.
        script = f"""{typed}
            COMP_WORDS=(purser {" ".join(words)}) COMP_CWORD={len(words)}
            $(complete -p purser | sed 's/.*-F \\([^ ]*\\) .*/\\1/') purser
            printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(
            ["bash", "-c", script],
            env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=True,
        )
        return done.stdout.split()

    assert completed("re") == ["reconcile", "rebalance"]
    assert completed("rebalance", "--dr") == ["--dry-run"]
    assert completed("partitions", "ar") == ["archive"]
