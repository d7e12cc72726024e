"""Every promise of docs/safety.md names tests, and those tests exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "safety.md").read_text("utf-8"))


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_a_named_test_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert f"def {test or 'test_'}" in text
