"""docs/architecture.md and its drawing name what there is."""

import re

from ledger.watching import Step
from tests.docs.tables import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
DRAWING = (ROOT / "docs" / "images" / "architecture.svg").read_text("utf-8")


def test_every_part_of_the_house_is_there() -> None:
    listed = re.findall(
        r"^ {4}(\S.*?)(?: {2,}|$)(?!.*\bdocs/  )", PAGE.partition("## The way")[0], re.MULTILINE
    )
    names = [name for part in listed for name in re.split(r",? +", part)]
    assert len(names) > 10
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_drawing_has_the_steps_of_a_batch() -> None:
    assert f">{', '.join(Step)}<" in DRAWING
