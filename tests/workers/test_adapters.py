"""How the operator names the bank, and what is said of a name that is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from runtime.settings import Settings
from workers.adapters import AdapterError, open_bank
from workers.bank import Answer, Bank, Result
from workers.http_bank import HttpBank

not_callable = 5


def without_context(settings: Settings) -> object:
    return object()


class OwnBank:
    """An adapter, which pays nobody."""

    async def pay(self, _: object) -> Answer:
        return Answer(Result.REFUSED)

    async def ask(self, _: str) -> Answer:
        return Answer(Result.NOT_KNOWN)


opened: list[str] = []


@asynccontextmanager
async def own_bank(settings: Settings) -> AsyncIterator[Bank]:
    opened.append(settings.default_currency)
    yield OwnBank()
    opened.append("closed")


async def test_no_bank() -> None:
    async with open_bank(Settings()) as bank:
        assert bank is None


async def test_a_bank_by_its_url() -> None:
    async with open_bank(Settings(bank_url="http://127.0.0.1:1")) as bank:
        assert isinstance(bank, HttpBank)


async def test_an_adapter_goes_before_a_url() -> None:
    settings = Settings(bank=f"{__name__}:own_bank", bank_url="http://127.0.0.1:1", default_currency="CHF")
    async with open_bank(settings) as bank:
        assert isinstance(bank, OwnBank)
        assert opened == ["CHF"]
    assert opened == ["CHF", "closed"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no_such_package:bank", "PURSER_BANK: no_such_package can't be imported: No module named"),
        ("workers.no_such:bank", "PURSER_BANK: workers.no_such can't be imported: No module named"),
        (f"{__name__}:nothing", "has no nothing"),
        (f"{__name__}:not_callable", "not_callable can't be called"),
        (f"{__name__}:without_context", "gives no async context manager"),
        ("os:getcwd", "os:getcwd raised TypeError"),
    ],
)
async def test_a_wrong_path_is_a_clear_error(path: str, message: str) -> None:
    with pytest.raises(AdapterError, match=message):
        async with open_bank(Settings(bank=path)):
            pass
