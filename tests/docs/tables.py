"""The tables of a page, as its tests read them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table's headings and rows, without the marks of code; `section` is the heading that it stands under."""

    section: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """The rows by their first cells."""
        return {name: tuple(cells) for name, *cells in self.rows}


def tables_of(page: str) -> list[Table]:
    """All tables of docs/`page`, in their order."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    found = []
    for match in _TABLE.finditer(text):
        headings, _, *rows = (_cells(line) for line in match[0].splitlines())
        assert all(len(row) == len(headings) for row in rows), match[0]
        section = re.findall(r"^#+ (.*)$", text[: match.start()], re.MULTILINE)[-1]
        found.append(Table(section, headings, tuple(rows)))
    return found


def table_of(page: str, *headings: str) -> Table:
    """The one table of docs/`page` that begins with these headings."""
    (found,) = (table for table in tables_of(page) if table.headings[: len(headings)] == headings)
    return found


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("`", "") for cell in line.strip("|\n").split("|"))
