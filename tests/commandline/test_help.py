"""`--help`: of every command a description, examples, and what it may exit with."""

import re
import subprocess
import sys

import click
import pytest

from cli import main
from commandline.command import EXITS, Command, Commands
from tests.commandline.commands import COMMANDS, EVERYTHING, SECONDS_MAX, help_of, purser

WIDTH = 80
HEAVY = {"asyncio", "asyncpg", "numpy", "orjson", "pydantic", "prometheus_client", "strawberry", "tortoise"}


def test_everything_that_is_shown_is_of_our_kinds() -> None:
    assert {type(command) for command in EVERYTHING.values()} == {Command, Commands}
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("name", EVERYTHING)
def test_each_tells_what_it_is_and_shows_how_it_is_typed(name: str) -> None:
    command = EVERYTHING[name]
    assert isinstance(command, Command | Commands)
    text = help_of(name)
    assert text.startswith(f"Usage: purser {name}".rstrip())
    examples = text.split("\nExamples:\n")[1]
    assert command.examples
    for what, typed in command.examples:
        assert f"  {what}:\n    {typed}\n" in examples
        assert "purser " in typed
        assert what[0].isupper()
    for line in text.replace(examples, "").splitlines():
        assert len(line) <= WIDTH, line


@pytest.mark.parametrize("name", COMMANDS)
def test_each_tells_what_it_may_exit_with(name: str) -> None:
    codes = help_of(name).split("\nExit codes:\n")[1]
    assert [int(code) for code in re.findall(r"^  (\d+)  ", codes, re.MULTILINE)] == list(
        COMMANDS[name].exits
    )
    assert set(COMMANDS[name].exits) >= set(EXITS)


def test_commands_stand_under_headings_with_a_line_each() -> None:
    text = help_of("")
    found = re.findall(r"^(\w[\w ]+):\n((?:  [a-z].*\n)+)", text, re.MULTILINE)
    listed = {heading: [line.split()[0] for line in lines.splitlines()] for heading, lines in found}
    assert {"Run it", "Look after it", "Develop"} <= listed.keys()
    assert listed["Run it"][0] == "serve"
    names = {name for heading in ("Run it", "Look after it", "Develop") for name in listed[heading]}
    assert names == {name for name, command in main.commands.items() if not command.hidden}
    assert "..." not in text.replace("[ARGS]...", "")


def test_the_words_for_the_same_thing_are_the_same() -> None:
    helps: dict[str, set[str | None]] = {}
    for command in COMMANDS.values():
        for option in command.params:
            if isinstance(option, click.Option) and option.name in ("as_json", "dry_run"):
                helps.setdefault(option.opts[0], set()).add(option.help if option.name == "as_json" else None)
                assert option.is_flag
    assert set(helps) == {"--json", "--dry-run"}
    assert len(helps["--json"]) == 1


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import cli, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=True,
    )
    assert not HEAVY & set(done.stdout.split())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("reconsile", "reconcile"),
        ("serv", "serve"),
        ("createadmin", "create-admin"),
        ("partition", "partitions"),
    ],
)
def test_the_nearest_is_suggested(typed: str, meant: str) -> None:
    done = purser(typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"No such command '{typed}'. Did you mean '{meant}'?" in done.stderr


def test_the_nearest_option_and_the_nearest_in_a_group_are_suggested() -> None:
    assert "Did you mean --dry-run?" in purser("rebalance", "--dryrun").stderr.replace("'", "")
    assert "Did you mean 'restore'?" in purser("partitions", "restor").stderr


def test_alone_it_shows_the_help() -> None:
    done = purser()
    assert done.returncode == 2
    assert done.stderr == help_of("")


def test_the_version() -> None:
    assert re.fullmatch(r"purser, version \d+\.\d+\.\d+\n", purser("--version").stdout)
