"""Statements are found by their names, and each of them is used."""

from pathlib import Path

import pytest

from ledger.statements import load_statements

LEDGER = Path("ledger")


FILES = ["statements.sql", "reads.sql", "exports.sql", "position.sql", "reports.sql", "queue.sql"]


@pytest.mark.parametrize("file_name", FILES)
def test_every_name_has_a_statement_of_its_own(file_name: str) -> None:
    statements = load_statements(file_name)
    names = [line for line in (LEDGER / file_name).read_text().splitlines() if line.startswith("-- name:")]
    assert len(statements) == len(names)
    for name, sql in statements.items():
        assert "-- name:" not in sql, name
        assert not sql.endswith(";"), name
        assert "{" not in sql, name
        assert any(word in sql for word in ("SELECT", "INSERT", "UPDATE", "DELETE")), name


@pytest.mark.parametrize("file_name", FILES)
def test_no_statement_is_left_over(file_name: str) -> None:
    code = "".join(path.read_text() for path in LEDGER.glob("*.py"))
    unused = [name for name in load_statements(file_name) if f'"{name}"' not in code]
    assert unused == []


def test_an_unknown_file_is_loud() -> None:
    with pytest.raises(FileNotFoundError):
        load_statements("nothing.sql")
