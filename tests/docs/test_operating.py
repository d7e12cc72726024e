"""docs/operating.md quotes what the service says, and counts its connections right."""

import re

import pytest

from runtime.settings import CONNECTIONS_OF_DUTIES, POOLS_A_PROCESS, WRITERS_A_PROCESS, Settings
from tests.docs.tables import ROOT, table_of

PAGE = " ".join((ROOT / "docs" / "operating.md").read_text("utf-8").split())
QUOTED = re.findall(r'"([^"]+)"', " ".join(row[0] for row in table_of("operating.md", "Symptom").rows))
# Starlette's.
FOREIGN = {"Invalid host header"}


@pytest.mark.parametrize("words", sorted({*QUOTED} - FOREIGN))
def test_what_is_quoted_is_said(words: str) -> None:
    folders = ("commandline", "ledger", "runtime")
    assert any(words in path.read_text("utf-8") for name in folders for path in (ROOT / name).rglob("*.py"))


def test_the_connections_are_counted() -> None:
    size = Settings().database_pool_max
    api, worker = POOLS_A_PROCESS * size + WRITERS_A_PROCESS, size + WRITERS_A_PROCESS + CONNECTIONS_OF_DUTIES
    assert (
        f"With {size} that is {api} and {worker}: two instances with 4 processes each, and 2 workers" in PAGE
    )
    assert f"may open {2 * 4 * api + 2 * worker}." in PAGE


def test_the_settings_are_there() -> None:
    named = re.findall(r"PURSER_(\w+)", PAGE)
    assert {name.lower() for name in named} <= set(Settings.model_fields)
