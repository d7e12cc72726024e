"""docs/reconciling.md has the checks that there are."""

import re

from ledger.reconciliation import CHECKS
from tests.docs.tables import ROOT, table_of

PAGE = "reconciling.md"


def test_every_check_is_listed_in_its_place() -> None:
    assert tuple(row[0] for row in table_of(PAGE, "Check").rows) == CHECKS


def test_the_runs_that_are_shown_had_all_of_them() -> None:
    text = (ROOT / "docs" / PAGE).read_text("utf-8")
    assert set(re.findall(r"(\d+) checks of", text)) == {str(len(CHECKS))}
