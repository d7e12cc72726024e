"""docs/operations.md tells of all kinds and states that there are, and of no others."""

import re
from pathlib import Path

import pytest

from resolvers.submitting import COMMANDS_MAX
from schema.authorizations import AuthorizationState
from schema.operations import OperationKind
from schema.wallets import WalletStatus

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
PICTURE = (ROOT / "docs" / "images" / "states.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("header", "names"),
    [
        # Withdrawals are still to come.
        ("Kind", set(OperationKind) - {OperationKind.WITHDRAWAL}),
        ("State", set(AuthorizationState)),
        ("Status", set(WalletStatus)),
    ],
)
def test_each_table_is_complete(header: str, names: set[str]) -> None:
    table = PAGE[PAGE.index(f"| {header} |") :].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == names


def test_the_picture_has_every_state() -> None:
    drawn = set(re.findall(r"class=\"name\">(\w+)<", PICTURE))
    assert drawn == {*AuthorizationState, "SUCCEEDED", "FAILED", "pending", "available"}


def test_how_many_in_one_request() -> None:
    assert f"up to {COMMANDS_MAX:,} inputs" in PAGE
