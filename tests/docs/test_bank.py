"""What docs/bank.md says is so: its adapter pays, its options are those of the command, its requests are answered."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from commandline.bank import bank_simulator
from runtime.settings import Settings
from tests.docs.tables import ROOT, table_of
from tests.workers.banks import running_bank
from workers.adapters import open_bank
from workers.bank import Answer, Payment, Result
from workers.simulated_bank.behaviour import LATENCY_MEANS_MAX, OUTAGE_SLOT_SECONDS
from workers.simulated_bank.books import RECORDS_MAX
from workers.simulated_bank.hanging_up import SILENCE_SECONDS
from workers.simulated_bank.process import CONNECTIONS_MAX
from workers.simulated_bank.routes import BODY_BYTES_MAX

PAGE = (ROOT / "docs" / "bank.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


(ADAPTER,) = blocks("python")
ORDER, REPLY, BOOKS = map(json.loads, blocks("json"))


async def test_the_adapter_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ROOT / "examples" / "own_bank.py").read_text("utf-8") == ADAPTER
    with running_bank(tmp_path, success_rate=1) as running:
        (tmp_path / "bank_of_the_page.py").write_text(ADAPTER.replace("http://127.0.0.1:8001", running.url))
        monkeypatch.syspath_prepend(tmp_path)
        not_after = datetime.fromisoformat(ORDER["notAfter"])
        payment = Payment("purser-1", ORDER["destination"], ORDER["amount"], ORDER["currency"], not_after)
        async with open_bank(Settings(bank="bank_of_the_page:open_bank")) as bank:
            assert bank is not None
            assert await bank.ask("purser-1") == Answer(Result.NOT_KNOWN)
            assert await bank.pay(payment) == Answer(Result.PAID)
            assert await bank.ask("purser-1") == Answer(Result.PAID)
            running.kill()
            with pytest.raises(Exception, match="connection attempts failed"):
                await bank.pay(payment)


def test_the_adapter_has_ten_lines() -> None:
    (body,) = re.findall(r"^@dataclass\n(.*?)\n\n\n", ADAPTER, re.MULTILINE | re.DOTALL)
    assert len([line for line in body.splitlines() if line]) == 10


def test_the_requests_that_are_shown_are_answered_so(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1) as running:
        url = f"{running.url}/payments/purser-1"
        assert running.http.put(url, json=ORDER).raise_for_status().json() == REPLY
        assert without_times(running.books()) == without_times(BOOKS)
        assert running.http.get(url).raise_for_status().json() == REPLY


def without_times(books: dict[str, Any]) -> dict[str, Any]:
    times = [datetime.fromisoformat(payment["paidAt"]) for payment in books["payments"]]
    assert all(time.tzinfo for time in times)
    return books | {"payments": [payment | {"paidAt": ""} for payment in books["payments"]]}


def test_every_result_is_explained() -> None:
    assert [row[0] for row in table_of("bank.md", "Result").rows] == list(Result)


def test_the_options_are_those_of_the_command() -> None:
    defaults = bank_simulator.make_context("bank-simulator", []).params
    rows = {name: default for name, default, _ in table_of("bank.md", "Option").rows}
    assert rows == {
        f"--{name.replace('_', '-')}": "none" if default is None else str(default).removesuffix(".0")
        for name, default in defaults.items()
    }


def test_the_limits_are_those() -> None:
    text = " ".join(PAGE.split())
    for sentence in (
        f"cut off at {LATENCY_MEANS_MAX} times as long",
        f"nothing comes for {SILENCE_SECONDS:.0f} seconds",
        f"for {OUTAGE_SLOT_SECONDS:.0f} seconds or a multiple",
        f"at most {BODY_BYTES_MAX:,} bytes",
        f"at most {CONNECTIONS_MAX:,} connections",
        f"past {RECORDS_MAX:,} references or payments",
    ):
        assert sentence in text
