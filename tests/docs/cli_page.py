"""docs/cli.md as the code would have it. Run as a module, it writes the page's help texts and exit codes anew."""

import re

from tests.commandline.commands import COMMANDS, EVERYTHING, help_of
from tests.docs.tables import ROOT

PAGE = ROOT / "docs" / "cli.md"
_EACH = "## Each command\n"
_EXITS = re.compile(r"(?<=^\| Code \| Means \| Of \|\n\|---\|---\|---\|\n)(?:\|.*\|\n)*", re.MULTILINE)
_ALL = re.compile(r"(?<=^### `purser`\n\n)```text\n.*?```\n", re.MULTILINE | re.DOTALL)


def as_it_should_be(page: str) -> str:
    """The page, with what `--help` prints and what commands exit with as they are now."""
    head = page[: page.index(_EACH)] + _EACH
    head = _ALL.sub(lambda _: _block(""), _EXITS.sub(lambda _: _exits(), head))
    each = (f"\n### `purser {name}`\n\n{_block(name)}" for name in EVERYTHING if name)
    return head + "".join(each)


def _block(name: str) -> str:
    return f"```text\n{help_of(name)}```\n"


def _exits() -> str:
    """A row for each meaning of each code, with those commands that mean it, the most usual first."""
    meanings: dict[tuple[int, str], list[str]] = {}
    for name, command in COMMANDS.items():
        for code, meaning in command.exits.items():
            meanings.setdefault((code, meaning), []).append(f"`{name}`")
    rows = sorted(meanings.items(), key=lambda row: (row[0][0], -len(row[1])))
    return "".join(f"| {code} | {meaning} | {', '.join(names)} |\n" for (code, meaning), names in rows)


if __name__ == "__main__":
    PAGE.write_text(as_it_should_be(PAGE.read_text("utf-8")), "utf-8")
