"""Settings that name currencies are held against those that there are."""

import asyncpg
import pytest

from ledger.currencies import settings_problems
from runtime.settings import Settings


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PURSER_DEFAULT_CURRENCY", "XYZ", "PURSER_DEFAULT_CURRENCY: there is no currency XYZ here."),
        ("PURSER_MAX_AMOUNTS", "XYZ=5", "PURSER_MAX_AMOUNTS: there is no currency XYZ here."),
        ("PURSER_MAX_AMOUNTS", "USD=5.001", "PURSER_MAX_AMOUNTS: an amount of USD has at most 2 decimals."),
        ("PURSER_MAX_AMOUNTS", "USD=5.00,JPY=700,BTC=0.00000001", None),
    ],
)
async def test_a_currency_that_is_not_there_is_told(
    connection: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    problem: str | None,
) -> None:
    monkeypatch.setenv(variable, value)
    assert await settings_problems(connection, Settings.load()) == ([] if problem is None else [problem])
