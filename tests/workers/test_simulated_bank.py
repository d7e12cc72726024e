"""`purser bank-simulator`, for real: it does what it was told, and its books say what it did."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from commandline.bank import bank_simulator
from tests.runtime.processes import wait_until
from tests.workers.banks import RunningBank, running_bank

SECONDS_MAX = 20.0
# The second where the bank did not even read the request.
HUNG_UP = (httpx.RemoteProtocolError, httpx.ReadError)


def order(seconds: float = 60) -> dict[str, object]:
    """A payment that may be made for so many seconds."""
    not_after = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return {
        "destination": "DE02 1203",
        "amount": "12.50",
        "currency": "EUR",
        "notAfter": not_after,
    }


def put(bank: RunningBank, reference: str, body: object = None, *, seconds_max: float = SECONDS_MAX) -> Any:
    body = order() if body is None else body
    reply = bank.http.put(f"{bank.url}/payments/{reference}", json=body, timeout=seconds_max)
    assert reply.status_code == 200, reply.text
    return reply.json()


def get(bank: RunningBank, path: str) -> httpx.Response:
    return bank.http.get(f"{bank.url}{path}")


def ask(bank: RunningBank, reference: str) -> Any:
    return get(bank, f"/payments/{reference}").json()


def references(bank: RunningBank) -> list[str]:
    return [payment["reference"] for payment in bank.payments()]


@pytest.fixture(scope="module")
def paying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBank]:
    """A bank that pays everybody, at once; each test has references of its own."""
    with running_bank(tmp_path_factory.mktemp("bank"), success_rate=1) as bank:
        yield bank


def test_a_payment_is_made_once_and_stands_in_the_books(paying: RunningBank) -> None:
    assert ask(paying, "once-1") == {"result": "NOT_KNOWN", "reason": ""}
    assert put(paying, "once-1") == {"result": "PAID", "reason": ""}
    assert put(paying, "once-1") == {"result": "PAID", "reason": ""}
    assert ask(paying, "once-1") == {"result": "PAID", "reason": ""}
    (payment,) = [payment for payment in paying.payments() if payment["reference"] == "once-1"]
    assert datetime.fromisoformat(payment.pop("paidAt")) <= datetime.now(UTC)
    assert payment == {
        "reference": "once-1",
        "amount": "12.50",
        "currency": "EUR",
        "destination": "DE02 1203",
    }


def test_requests_are_counted(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1) as bank:
        put(bank, "counted")
        put(bank, "counted")
        ask(bank, "counted")
        assert bank.books()["requests"] == {"pay": 2, "ask": 1}


def test_after_its_last_instant_nothing_is_paid(paying: RunningBank) -> None:
    late = order(-0.001)
    assert put(paying, "late", late) == {"result": "FAILED", "reason": "TOO_LATE"}
    assert ask(paying, "late")["result"] == "FAILED"
    assert "late" not in references(paying)
    assert put(paying, "late") == {"result": "PAID", "reason": ""}
    # What was paid in time stays paid.
    assert put(paying, "late", late) == {"result": "PAID", "reason": ""}


def test_a_reference_is_one_payments(paying: RunningBank) -> None:
    put(paying, "taken")
    for other in ({"amount": "12.51"}, {"destination": "DE03"}, {"currency": "USD"}):
        with pytest.raises(AssertionError, match="that of another payment"):
            put(paying, "taken", order() | other)
    assert references(paying).count("taken") == 1


def test_it_is_healthy(paying: RunningBank) -> None:
    reply = get(paying, "/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


WRONG: dict[str, list[object]] = {
    "destination": [None, 1, "", "x" * 256, "a\x00b", "a\nb"],
    "amount": [None, 1, 1.5, "", "0", "0.00", "-1", "+1", "1e5", "NaN", "1_0", " 1", "1\n", "٣", "9" * 21],
    "currency": [None, "", "eur", "E", "EURO12345"],
    "notAfter": [None, 1, "", "soon", "2999-01-01T00:00:00", "2999-13-01T00:00:00Z"],
    "extra": ["field"],
}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body: "),
        (b"{", "body: "),
        (b"\xff", "body: "),
        (b"[" * 4000, "body: "),
        (b"null", "body: "),
        (b"[]", "body: "),
        (b'{"destination":"\\ud800"}', "body: "),
        *((order() | {name: value}, f"{name}: ") for name, values in WRONG.items() for value in values),
        *(
            ({key: value for key, value in order().items() if key != name}, f"{name}: ")
            for name in ("destination", "amount", "currency", "notAfter")
        ),
    ],
)
def test_bad_bodies_are_refused(paying: RunningBank, body: bytes | dict[str, object], named: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    reply = paying.http.put(f"{paying.url}/payments/bad", content=content, headers=headers)
    assert reply.status_code == 400
    assert reply.json()["error"].startswith(named)
    assert ask(paying, "bad")["result"] == "NOT_KNOWN"


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status"),
    [
        ("PUT", "/payments/" + "x" * 65, {"Content-Type": "application/json"}, b"{}", 400),
        ("PUT", "/payments/a%0Ab", {"Content-Type": "application/json"}, b"{}", 400),
        ("GET", "/payments/a b", {}, b"", 400),
        ("GET", "/payments/a/b", {}, b"", 404),
        ("GET", "/payments/", {}, b"", 404),
        ("GET", "/", {}, b"", 404),
        ("POST", "/payments/a", {}, b"", 405),
        ("DELETE", "/payments", {}, b"", 405),
        ("PUT", "/payments/a", {"Content-Type": "text/plain"}, b"{}", 415),
        ("PUT", "/payments/a", {}, b"{}", 415),
        ("PUT", "/payments/a", {"Content-Type": "application/json"}, b" " * 4_097, 413),
        ("PUT", "/payments/a", {"Content-Type": "application/json"}, b" " * 20_000_000, 413),
    ],
)
def test_bad_requests_are_refused(
    paying: RunningBank, method: str, path: str, headers: dict[str, str], content: bytes, status: int
) -> None:
    reply = paying.http.request(method, paying.url + path, headers=headers, content=content)
    assert reply.status_code == status
    assert reply.json()["error"]
    assert get(paying, "/health").status_code == 200


def test_without_success_each_attempt_fails_and_may_be_tried_again(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=0) as bank:
        for _ in range(2):
            assert put(bank, "unlucky") == {"result": "FAILED", "reason": "TRY_AGAIN"}
            assert ask(bank, "unlucky") == {"result": "FAILED", "reason": "TRY_AGAIN"}
        assert bank.payments() == []
        bank.kill()
        bank.options["success_rate"] = 1
        bank.start()
        assert ask(bank, "unlucky")["result"] == "FAILED"
        assert put(bank, "unlucky")["result"] == "PAID"


def test_a_refusal_is_for_good(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, refusals=1) as bank:
        refused = {"result": "REFUSED", "reason": "UNKNOWN_ACCOUNT"}
        assert put(bank, "nobody") == refused
        bank.stop()
        bank.options["refusals"] = 0
        bank.start()
        assert ask(bank, "nobody") == refused
        assert put(bank, "nobody") == refused
        assert put(bank, "somebody")["result"] == "PAID"
        assert references(bank) == ["somebody"]


def test_a_careless_bank_pays_every_request(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, duplicates=1) as bank:
        for _ in range(3):
            assert put(bank, "again")["result"] == "PAID"
        assert references(bank) == ["again"] * 3
        bank.kill()
        bank.start()
        assert references(bank) == ["again"] * 3


def test_side_by_side_a_careful_bank_pays_once_and_a_careless_one_each_time(tmp_path: Path) -> None:
    for duplicates in (0, 1):
        folder = tmp_path / str(duplicates)
        folder.mkdir()
        with (
            running_bank(folder, success_rate=1, duplicates=duplicates, latency=300) as bank,
            ThreadPoolExecutor(8) as threads,
        ):
            results = [answer["result"] for answer in threads.map(lambda _: put(bank, "many"), range(8))]
            assert set(results) <= {"PAID", "UNDERWAY"}
            assert len(references(bank)) == (8 if duplicates else 1)


def test_while_a_payment_is_under_way_the_bank_says_so(tmp_path: Path) -> None:
    # With this seed the first latency is eight seconds.
    with running_bank(tmp_path, success_rate=1, latency=60_000, seed=1) as bank:
        with pytest.raises(httpx.ReadTimeout):
            put(bank, "slow", seconds_max=0.5)
        assert ask(bank, "slow") == {"result": "UNDERWAY", "reason": ""}
        assert put(bank, "slow") == {"result": "UNDERWAY", "reason": ""}
        assert bank.payments() == []
        # It stops without waiting for it, and it is never made.
        started_at = time.monotonic()
        assert bank.stop() == 0
        assert time.monotonic() - started_at < 5
        assert "ERROR" not in (tmp_path / "bank.log").read_text()
        bank.start()
        assert ask(bank, "slow") == {"result": "NOT_KNOWN", "reason": ""}


def test_a_payment_that_is_late_when_its_latency_ends_is_not_made(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, latency=2_000, seed=1) as bank:
        assert put(bank, "too-slow", order(0.2)) == {"result": "FAILED", "reason": "TOO_LATE"}
        assert bank.payments() == []


def test_a_caller_who_goes_away_is_paid_all_the_same(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1, latency=2_000, seed=1) as bank:
        with pytest.raises(httpx.ReadTimeout):
            put(bank, "gone", seconds_max=0.2)
        wait_until(lambda: ask(bank, "gone")["result"] == "PAID", "paid")
        assert references(bank) == ["gone"]


def test_a_lost_reply_is_no_lost_payment(tmp_path: Path) -> None:
    # Both kinds come within a few requests.
    lost: set[type[Exception]] = set()
    with running_bank(tmp_path, success_rate=1, lost_replies=1, seed=1) as bank:
        for number in range(8):
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadTimeout)) as raised:
                put(bank, f"lost-{number}", seconds_max=0.5)
            lost.add(raised.type)
            assert ask(bank, f"lost-{number}")["result"] == "PAID"
        assert references(bank) == [f"lost-{number}" for number in range(8)]
    assert lost == {httpx.RemoteProtocolError, httpx.ReadTimeout}


def test_it_stops_while_callers_wait_for_nothing(tmp_path: Path) -> None:
    with (
        running_bank(tmp_path, success_rate=1, lost_replies=1, seed=1) as bank,
        ThreadPoolExecutor(8) as threads,
    ):
        waiting = [threads.submit(put, bank, f"waiting-{number}") for number in range(8)]
        wait_until(lambda: len(references(bank)) == 8, "all are paid")
        started_at = time.monotonic()
        assert bank.stop() == 0
        assert time.monotonic() - started_at < 5
        assert {type(one.exception(SECONDS_MAX)) for one in waiting} == {httpx.RemoteProtocolError}
    said = (tmp_path / "bank.log").read_text()
    assert said.endswith("Stopped.\n")
    assert "ERROR" not in said


def test_out_of_order_it_takes_nothing_and_tells_nothing_but_its_books(tmp_path: Path) -> None:
    seen: set[object] = set()
    with running_bank(tmp_path, success_rate=1, outages=1, seed=1) as bank:
        url = f"{bank.url}/payments/never"

        def both_kinds_seen() -> bool:
            for method, body in (("PUT", order()), ("GET", None)):
                try:
                    seen.add(bank.http.request(method, url, json=body).status_code)
                except HUNG_UP:
                    seen.add("hung up")
            return len(seen) == 2

        wait_until(both_kinds_seen, "503 and hung up")
        assert seen == {503, "hung up"}
        assert bank.payments() == []
        assert get(bank, "/health").status_code == 200


def test_its_books_outlive_it(tmp_path: Path) -> None:
    with running_bank(tmp_path, success_rate=1) as bank:
        for number in range(20):
            put(bank, f"kept-{number}")
        before = bank.payments()
        bank.kill()
        # Killed while it wrote: that line was told to nobody.
        with (tmp_path / "bank.jsonl").open("ab") as journal:
            journal.write(b'{"at":"2026-11-21T10:00:00+00:00","reference":"torn","dest')
        bank.start()
        assert bank.payments() == before
        assert ask(bank, "kept-7")["result"] == "PAID"
        assert put(bank, "kept-7")["result"] == "PAID"
        put(bank, "after")
        bank.stop()
        bank.start()
        assert references(bank) == [f"kept-{number}" for number in range(20)] + ["after"]


def test_killed_at_work_it_forgets_nothing_that_it_told(tmp_path: Path) -> None:
    told: list[str] = []
    with running_bank(tmp_path, success_rate=0.5) as bank, ThreadPoolExecutor(4) as threads:

        def pay_until_killed(thread: int) -> None:
            number = 0
            while True:
                reference = f"t{thread}-{number}"
                try:
                    if put(bank, reference)["result"] == "PAID":
                        told.append(reference)
                except httpx.TransportError:
                    return
                number += 1

        threads_done = [threads.submit(pay_until_killed, thread) for thread in range(4)]
        wait_until(lambda: len(told) > 100, "some are paid")
        bank.kill()
        for one in threads_done:
            one.result(SECONDS_MAX)
        bank.start()
        booked = references(bank)
        assert len(booked) == len(set(booked))
        assert set(told) <= set(booked)
        # Who was not told of a payment is told when asking.
        assert all(ask(bank, reference)["result"] == "PAID" for reference in booked[-5:])


def test_a_file_that_holds_no_books_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bank.jsonl").write_text("Dear diary\n")
    with pytest.raises(AssertionError, match="line 1: not of a bank's books"), running_bank(tmp_path):
        pass
    assert (tmp_path / "bank.jsonl").read_text() == "Dear diary\n"


def test_two_banks_cannot_share_their_books(tmp_path: Path) -> None:
    with (
        running_bank(tmp_path),
        pytest.raises(AssertionError, match="in use by another bank"),
        running_bank(tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    "words",
    [
        ["--success-rate", "1.1"],
        ["--success-rate", "nan"],
        ["--lost-replies", "-0.1"],
        ["--refusals", "some"],
        ["--duplicates", "inf"],
        ["--outages", "2"],
        ["--latency", "-1"],
        ["--latency", "60001"],
        ["--latency", "0.5"],
        ["--port", "65536"],
        ["--seed", "x"],
        ["--books", "/"],
        ["--host", "no.such.host.invalid"],
        ["more"],
    ],
)
def test_bad_options_are_refused(words: list[str]) -> None:
    done = CliRunner().invoke(bank_simulator, words)
    assert done.exit_code in (1, 2)
    assert done.output.splitlines()[-1].startswith("Error: ")


def test_books_where_nothing_can_be_written_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="can't be opened: No such file or directory"),
        running_bank(tmp_path, books=tmp_path / "no" / "books"),
    ):
        pass


def test_a_taken_port_is_a_clear_error(tmp_path: Path, paying: RunningBank) -> None:
    with (
        pytest.raises(AssertionError, match="Can't listen on 127"),
        running_bank(tmp_path, port=paying.url.rpartition(":")[2]),
    ):
        pass


def test_ctrl_c_stops_it(tmp_path: Path) -> None:
    with running_bank(tmp_path) as bank:
        bank.process.send_signal(signal.SIGINT)
        assert bank.process.wait(SECONDS_MAX) == 0
    assert (tmp_path / "bank.log").read_text().endswith("Stopped.\n")


def test_it_ends_with_the_launcher_that_started_it(tmp_path: Path) -> None:
    """The hidden command of the launcher, with its three descriptors; the books are in the data folder."""
    ready_reading, ready_writing = os.pipe()
    launcher_reading, launcher_writing = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptors = (listening.fileno(), ready_writing, launcher_reading)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "bank-process", *map(str, descriptors)],
            pass_fds=descriptors,
            env={**os.environ, "PURSER_DATA_DIR": str(tmp_path)},
        )
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    os.close(ready_writing)
    os.close(launcher_reading)
    try:
        assert os.read(ready_reading, 1) == b"1"
        reply = httpx.put(f"{url}/payments/first", json=order(), timeout=SECONDS_MAX)
        assert reply.json()["result"] in ("PAID", "FAILED")
        os.close(launcher_writing)
        assert process.wait(SECONDS_MAX) == 0
        assert '"reference":"first"' in (tmp_path / "bank.jsonl").read_text()
    finally:
        process.kill()
        process.wait()
        os.close(ready_reading)
