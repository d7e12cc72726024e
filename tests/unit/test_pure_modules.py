"""The ledger's pure modules import the standard library and each other, and nothing else."""

import ast
import sys
from pathlib import Path

import pytest

LEDGER = Path(__file__).resolve().parents[2] / "ledger"
PURE = {
    f"ledger.{name}"
    for name in (
        "accounts",
        "archiving",
        "asked",
        "batch",
        "books",
        "commands",
        "conversion",
        *(f"decisions.{path.stem}" for path in (LEDGER / "decisions").glob("[a-z]*.py")),
        "earlier",
        "money",
        "outcomes",
        "partitioning",
        "queued_commands",
        "rejections",
        "requests",
        "sheet",
        "splitting",
        "system_wallets",
        "tokens",
        "withdrawal_commands",
    )
}


@pytest.mark.parametrize("module", sorted(PURE))
def test_imports_nothing_impure(module: str) -> None:
    imported = set()
    for node in ast.walk(ast.parse(LEDGER.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module or "")
    foreign = {
        name
        for name in imported - PURE - {"ledger.decisions"}
        if name.split(".")[0] not in sys.stdlib_module_names
    }
    assert not foreign
