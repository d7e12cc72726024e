"""The pages name tests and other files as proof: those are there."""

import re

import pytest

from tests.docs.tables import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
TEXTS = [page.read_text("utf-8") for page in PAGES]
NAMED_TESTS = {named for text in TEXTS for named in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)}
NAMED_FILES = {name for text in TEXTS for name in re.findall(r"`((?:\w+/)+[\w.-]+\.\w+)`", text)}
NAMED_DECISIONS = {name for text in TEXTS for name in re.findall(r"docs/adr/(\d{4}(?:, \d{4})*)", text)}


@pytest.mark.parametrize(("file", "test"), sorted(NAMED_TESTS))
def test_a_named_test_exists(file: str, test: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    assert f"def {test or 'test_'}" in text


@pytest.mark.parametrize("name", sorted(NAMED_FILES))
def test_a_named_file_exists(name: str) -> None:
    assert (ROOT / name).is_file()


def test_named_decisions_exist_and_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").iterdir()]
    assert len(numbers) == len(set(numbers))
    assert {number for names in NAMED_DECISIONS for number in names.split(", ")} <= set(numbers)
