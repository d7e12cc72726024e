"""docs/seed.md against the command: its example is run, and comes to the same to the last word."""

import re
import shlex

import click
import pytest

from commandline.seed import seed
from tests.databases import copy_database
from tests.docs.tables import ROOT, table_of
from tests.seeding.seeds import run

PAGE = "seed.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")


@pytest.fixture
def empty_dsn(template_dsn: str) -> str:
    return copy_database(template_dsn, "docs_of_the_seed")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return str(found)


def without_times(text: str) -> str:
    return re.sub(r"in [\d.]+ s \([\d,]+ operations a second\)", "in no time", text)


def test_the_example_comes_to_what_is_said(empty_dsn: str) -> None:
    program, command, *arguments = shlex.split(block("sh"))
    assert (program, command) == ("purser", "seed")
    done = run(*arguments, dsn=empty_dsn)
    assert (done.returncode, done.stderr) == (0, "")
    assert without_times(done.stdout) == without_times(block("text"))


def test_every_option_is_in_the_table() -> None:
    rows = table_of(PAGE, "Option").by_name()
    options = {option.opts[0]: option for option in seed.params if isinstance(option, click.Option)}
    assert set(rows) == set(options)
    for name, (default, _) in rows.items():
        if isinstance(options[name].default, int) and name != "--json":
            assert default == str(options[name].default), name
