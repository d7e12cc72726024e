"""Withdrawals, by real workers at a simulated bank: paid once or not at all, whatever the bank does."""

import asyncio
import signal
from collections import Counter
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from ledger.rejections import ErrorCode
from ledger.service import Ledger
from tests.ledger.invariants import assert_invariants
from tests.workers.bad_banks import SECRET
from tests.workers.banks import RunningBank, running_bank
from tests.workers.running import Worker, running_worker, until
from tests.workers.withdrawing import DESTINATION, count_of, open_sender

# With this seed the first payment takes an eighth of the mean latency, and the others less than ten means.
SEED = 1


class Place:
    """Where workers of a test work: its database, and the folder for what they log."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn = dsn
        self.folder = folder

    def worker(
        self, at: RunningBank | None, *arguments: str, **settings: object
    ) -> AbstractContextManager[Worker]:
        """A worker that pays at that bank. `settings` without their prefix; a call takes a second at most."""
        variables = {"withdrawal_seconds_max": 1, "database_pool_max": 4} | settings
        named = {f"PURSER_{name.upper()}": str(value) for name, value in variables.items()}
        if at is not None:
            named["PURSER_BANK_URL"] = at.url
        return running_worker(self.folder, *arguments, DATABASE_URL=self.dsn, **named)

    def bank(self, **behaviour: object) -> AbstractContextManager[RunningBank]:
        """A bank that pays everybody, each request of its own, but for what is said of its behaviour."""
        return running_bank(self.folder, **{"success_rate": 1, "duplicates": 1, "seed": SEED} | behaviour)


@pytest.fixture
def place(dsn: str, tmp_path: Path) -> Place:
    return Place(dsn, tmp_path)


def results(view: Any) -> list[str | None]:
    return [attempt.result for attempt in view.attempts]


def times_paid(bank: RunningBank) -> Counter[str]:
    return Counter(payment["reference"] for payment in bank.payments())


def once_each(withdrawal_ids: list[UUID]) -> Counter[str]:
    return Counter(f"purser-{withdrawal_id.hex}" for withdrawal_id in withdrawal_ids)


async def test_what_the_bank_pays_leaves_the_wallet(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    yen = await open_sender(ledger, "5000", currency="JPY")
    withdrawal_id, other_id = await sender.withdraw("30.05"), await yen.withdraw("1200")
    assert await sender.money() == (10_000, 3_005)
    with place.bank() as bank, place.worker(bank):
        (view,) = await sender.until_ended([withdrawal_id])
        await yen.until_ended([other_id])
        paid = [
            (payment["reference"], payment["destination"], payment["amount"], payment["currency"])
            for payment in bank.payments()
        ]
    assert sorted(paid) == [
        (f"purser-{withdrawal_id.hex}", DESTINATION, "30.05", "USD"),
        (f"purser-{other_id.hex}", DESTINATION, "1200", "JPY"),
    ]
    assert (view.state, results(view)) == ("SUCCEEDED", ["PAID"])
    (attempt,) = view.attempts
    assert attempt.ended_at is not None
    assert attempt.started_at <= attempt.ended_at
    assert await sender.money() == (6_995, 0)
    assert await yen.money() == (3_800, 0)
    assert (await sender.operation(withdrawal_id)).status == "SUCCEEDED"
    await assert_invariants(connection)


async def test_a_bank_that_fails_is_tried_three_times(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank(success_rate=0) as bank, place.worker(bank):
        (view,) = await sender.until_ended([withdrawal_id])
        assert bank.payments() == []
    assert (view.state, results(view)) == ("FAILED", ["FAILED: TRY_AGAIN"] * 3)
    assert [attempt.number for attempt in view.attempts] == [1, 2, 3]
    pauses = [
        (after.started_at - before.ended_at).total_seconds()
        for before, after in zip(view.attempts, view.attempts[1:], strict=False)
        if before.ended_at is not None
    ]
    assert pauses[0] >= 0.75
    assert pauses[1] >= 1.5
    operation = await sender.operation(withdrawal_id)
    assert (operation.status, operation.failure_code) == ("FAILED", ErrorCode.BANK_REFUSED)
    assert await sender.money() == (10_000, 0)
    await assert_invariants(connection)


async def test_a_refusal_is_the_end(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank(refusals=1) as bank, place.worker(bank):
        (view,) = await sender.until_ended([withdrawal_id])
        assert bank.books()["requests"] == {"pay": 1, "ask": 0}
    assert (view.state, results(view)) == ("FAILED", ["REFUSED: UNKNOWN_ACCOUNT"])
    assert (await sender.operation(withdrawal_id)).failure_code == ErrorCode.BANK_REFUSED
    assert await sender.money() == (10_000, 0)


async def test_what_was_paid_without_a_reply_is_found_and_not_paid_again(
    ledger: Ledger, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(20)]
    with place.bank(lost_replies=1) as bank, place.worker(bank):
        views = await sender.until_ended(withdrawal_ids)
        assert times_paid(bank) == once_each(withdrawal_ids)
    assert {(view.state, *results(view)) for view in views} == {("SUCCEEDED", "PAID")}
    assert await sender.money() == (8_000, 0)


@pytest.mark.slow
async def test_what_never_arrived_is_paid_by_another_attempt(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank() as bank, place.worker(bank) as worker:
        bank.kill()
        view = await sender.until_state(withdrawal_id, "UNKNOWN")
        assert results(view) == ["NO_ANSWER"]
        assert view.attempts[0].ended_at is None
        # It may have arrived, for all that is known.
        assert await sender.money() == (10_000, 10_000)
        assert await sender.cancel(withdrawal_id) == ErrorCode.NOT_CANCELLABLE
        bank.start()
        (view,) = await sender.until_ended([withdrawal_id])
        assert times_paid(bank) == once_each([withdrawal_id])
        assert worker.stop() == 0
    assert (view.state, results(view)) == ("SUCCEEDED", ["NOT_KNOWN", "PAID"])
    assert await sender.money() == (0, 0)


@pytest.mark.slow
async def test_what_arrives_late_is_not_paid_by_another_attempt_before(ledger: Ledger, place: Place) -> None:
    """The network gives the request up, and delivers it all the same: until then the bank has never heard of it."""
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    adapter = "tests.workers.bad_banks:open_late_bank"
    with place.bank() as bank, place.worker(bank, bank=adapter, withdrawal_seconds_max=10) as worker:
        (view,) = await sender.until_ended([withdrawal_id])
        # When it has ended, all has been delivered.
        assert worker.stop() == 0
        assert times_paid(bank) == once_each([withdrawal_id])
        assert bank.books()["requests"]["ask"] >= 2
    assert (view.state, results(view)) == ("SUCCEEDED", ["PAID"])


@pytest.mark.slow
async def test_what_the_bank_reads_too_late_it_does_not_pay(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank() as bank, place.worker(bank):
        bank.process.send_signal(signal.SIGSTOP)
        try:
            await sender.until_state(withdrawal_id, "UNKNOWN")
        finally:
            bank.process.send_signal(signal.SIGCONT)
        (view,) = await sender.until_ended([withdrawal_id])
        assert times_paid(bank) == once_each([withdrawal_id])
    assert (view.state, results(view)) == ("SUCCEEDED", ["FAILED: TOO_LATE", "PAID"])


@pytest.mark.slow
async def test_an_outage_delays_and_nothing_else(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(10)]
    with place.bank(outages=1) as bank, place.worker(bank) as worker:
        for withdrawal_id in withdrawal_ids:
            await sender.until_state(withdrawal_id, "UNKNOWN")
        bank.stop()
        bank.options["outages"] = 0
        bank.start()
        views = await sender.until_ended(withdrawal_ids)
        assert times_paid(bank) == once_each(withdrawal_ids)
        # Told once, however often it is tried.
        assert worker.said.count("The bank does not answer") == 1
    assert {(view.state, *results(view)) for view in views} == {("SUCCEEDED", "NOT_KNOWN", "PAID")}


async def test_it_is_called_back_before_it_is_sent_and_not_after(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    early_id, late_id = await sender.withdraw("60"), await sender.withdraw("40")
    assert await sender.cancel(early_id) is None
    assert await sender.money() == (10_000, 4_000)
    with place.bank(latency=10_000) as bank, place.worker(bank, withdrawal_seconds_max=60):
        await sender.until_state(late_id, "SENT")
        assert await sender.cancel(late_id) == ErrorCode.NOT_CANCELLABLE
        await sender.until_ended([late_id])
        assert times_paid(bank) == once_each([late_id])
    assert await sender.money() == (6_000, 0)
    operation = await sender.operation(early_id)
    assert (operation.status, operation.failure_code) == ("FAILED", ErrorCode.CANCELLED)
    assert (await sender.view(early_id)).attempts == ()
    await assert_invariants(connection)


async def test_between_two_attempts_it_can_be_called_back(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank(success_rate=0) as bank, place.worker(bank):
        await sender.until_state(withdrawal_id, "SENT", "UNKNOWN")
        await sender.until_state(withdrawal_id, "PENDING")
        assert await sender.cancel(withdrawal_id) is None
    assert (await sender.view(withdrawal_id)).state == "CANCELLED"
    assert await sender.money() == (10_000, 0)


async def test_frozen_wallets_do_not_pay(ledger: Ledger, place: Place) -> None:
    frozen, other = await open_sender(ledger, "100.00"), await open_sender(ledger, "100.00")
    frozen_id = await frozen.withdraw("100")
    wallet_id = frozen.holder.wallet.wallet_id
    await ledger.wallet_life.set_frozen(wallet_id, None, frozen=True)
    with place.bank() as bank, place.worker(bank):
        other_id = await other.withdraw("100")
        await other.until_ended([other_id])
        assert (await frozen.view(frozen_id)).state == "PENDING"
        await ledger.wallet_life.set_frozen(wallet_id, None, frozen=False)
        await frozen.until_ended([frozen_id])
        assert times_paid(bank) == once_each([frozen_id, other_id])


async def test_frozen_wallets_are_told_what_came_of_what_was_sent(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.bank(lost_replies=1) as bank, place.worker(bank):
        await sender.until_state(withdrawal_id, "SENT", "UNKNOWN")
        await ledger.wallet_life.set_frozen(sender.holder.wallet.wallet_id, None, frozen=True)
        (view,) = await sender.until_ended([withdrawal_id])
    assert view.state == "SUCCEEDED"


async def test_of_two_withdrawals_of_all_the_money_one_is_accepted(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "1000")
    outcomes = await asyncio.gather(*(sender.try_to_withdraw("1000") for _ in range(2)))
    accepted, refused = sorted(outcomes, key=lambda outcome: outcome.rejection is not None)
    assert accepted.operation is not None
    assert accepted.rejection is None
    assert refused.rejection is not None
    assert refused.rejection.code == ErrorCode.INSUFFICIENT_FUNDS
    with place.bank() as bank, place.worker(bank):
        await sender.until_ended([accepted.operation.id])
        assert times_paid(bank) == once_each([accepted.operation.id])
    assert await sender.money() == (0, 0)


async def test_lanes_are_kept(ledger: Ledger, connection: asyncpg.Connection, place: Place) -> None:
    here, there = await open_sender(ledger, "100.00"), await open_sender(ledger, "100.00")
    await connection.execute("UPDATE wallets SET lane = 2 WHERE id = $1", here.holder.wallet.wallet_id)
    there_id, here_id = await there.withdraw("100"), await here.withdraw("100")
    with place.bank() as bank:
        with place.worker(bank, "--lane", "2"):
            await here.until_ended([here_id])
            assert (await there.view(there_id)).state == "PENDING"
        with place.worker(bank):
            await there.until_ended([there_id])
        assert times_paid(bank) == once_each([here_id, there_id])


@pytest.mark.slow
async def test_a_worker_that_is_stopped_finishes_what_is_at_the_bank(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(8)]
    with (
        place.bank(latency=1_500) as bank,
        place.worker(bank, withdrawal_concurrency=4, withdrawal_seconds_max=25) as worker,
    ):
        await until(lambda: _count_is(connection, "SENT", 4), "as many are at the bank as may be")
        assert await count_of(connection, "PENDING") >= 1
        assert worker.stop() == 0
        assert await count_of(connection, "SENT") == await count_of(connection, "UNKNOWN") == 0
        # What it did not take up is left to others.
        assert await count_of(connection, "PENDING") >= 1
        assert bank.payments() != []
        with place.worker(bank, withdrawal_seconds_max=25):
            await sender.until_ended(withdrawal_ids)
        assert times_paid(bank) == once_each(withdrawal_ids)


@pytest.mark.slow
async def test_what_a_stopped_worker_can_not_finish_others_ask_about(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(5)]
    limits = {"withdrawal_seconds_max": 60, "shutdown_seconds_max": 1}
    with place.bank(latency=3_000) as bank:
        with place.worker(bank, **limits) as worker:
            for withdrawal_id in withdrawal_ids:
                await sender.until_state(withdrawal_id, "SENT", "SUCCEEDED")
            assert worker.stop() == 0
        views = [await sender.view(withdrawal_id) for withdrawal_id in withdrawal_ids]
        left = [view for view in views if view.state != "SUCCEEDED"]
        assert {(view.state, *results(view)) for view in left} == {("UNKNOWN", "NO_ANSWER")}
        with place.worker(bank, **limits):
            views = await sender.until_ended(withdrawal_ids)
        assert times_paid(bank) == once_each(withdrawal_ids)
    assert {(view.state, *results(view)) for view in views} == {("SUCCEEDED", "PAID")}


async def test_a_worker_leaves_what_hangs(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("1", "hangs")
    settings = {
        "bank": "tests.workers.bad_banks:open_rude_bank",
        "withdrawal_seconds_max": 60,
        "shutdown_seconds_max": 1,
    }
    with place.worker(None, **settings) as worker:
        await sender.until_state(withdrawal_id, "SENT")
        assert worker.stop() == 0
    view = await sender.view(withdrawal_id)
    assert (view.state, *results(view)) == ("UNKNOWN", "NO_ANSWER")
    with place.worker(None, **settings):
        (view,) = await sender.until_ended([withdrawal_id])
    assert (view.state, *results(view)) == ("SUCCEEDED", "PAID")


@pytest.mark.slow
async def test_a_worker_leaves_a_thread_that_blocks(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "5.00")
    withdrawal_id = await sender.withdraw("5", "blocks")
    settings = {"bank": "tests.workers.bad_banks:open_rude_bank", "shutdown_seconds_max": 1}
    with place.worker(None, **settings) as worker:
        await sender.until_state(withdrawal_id, "SENT")
        assert worker.stop() == 1
        assert "Something does not end; the worker leaves it" in worker.said
    assert (await sender.view(withdrawal_id)).state == "UNKNOWN"


async def test_a_bank_that_can_not_be_opened_is_tried_again(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "5.00")
    withdrawal_id = await sender.withdraw("5")
    with place.worker(None, bank="tests.workers.bad_banks:open_shy_bank") as worker:
        (view,) = await sender.until_ended([withdrawal_id])
        assert worker.stop() == 0
    assert view.state == "SUCCEEDED"
    assert "open_shy_bank could not be opened (ConnectionRefusedError). It is tried again" in worker.said
    assert SECRET not in worker.said
    assert "database" not in worker.said


@pytest.mark.slow
async def test_what_a_killed_worker_had_at_the_bank_others_ask_about(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(5)]
    with place.bank(latency=200) as bank:
        with place.worker(bank) as worker:
            await sender.until_state(withdrawal_ids[0], "SENT", "SUCCEEDED")
            worker.kill()
        with place.worker(bank):
            await sender.until_ended(withdrawal_ids)
        paid = times_paid(bank)
    assert set(paid.values()) == {1}
    views = [await sender.view(withdrawal_id) for withdrawal_id in withdrawal_ids]
    succeeded = [one for one, view in zip(withdrawal_ids, views, strict=True) if view.state == "SUCCEEDED"]
    assert paid == once_each(succeeded)
    assert await sender.money() == (10_000 - 100 * len(succeeded), 0)


@pytest.mark.slow
async def test_several_workers_pay_each_once(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    senders = [await open_sender(ledger, "100.00") for _ in range(10)]
    asked = [(sender, await sender.withdraw("1")) for sender in senders for _ in range(20)]
    with (
        place.bank(success_rate=0.7, latency=50, lost_replies=0.1) as bank,
        ExitStack() as workers,
    ):
        for _ in range(3):
            workers.enter_context(place.worker(bank, withdrawal_concurrency=20))
        succeeded = [
            one for sender, one in asked if (await sender.until_ended([one]))[0].state == "SUCCEEDED"
        ]
        assert times_paid(bank) == once_each(succeeded)
    assert len(succeeded) >= 150
    await assert_invariants(connection)


async def test_no_more_are_at_the_bank_than_may_be(
    ledger: Ledger, connection: asyncpg.Connection, place: Place
) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_ids = [await sender.withdraw("1") for _ in range(12)]
    most = 0
    settings = {"withdrawal_concurrency": 3, "withdrawal_seconds_max": 25}
    with place.bank(latency=300) as bank, place.worker(bank, **settings):

        async def are_ended() -> bool:
            nonlocal most
            most = max(most, await count_of(connection, "SENT"))
            return await count_of(connection, "SUCCEEDED") == len(withdrawal_ids)

        await until(are_ended, "all are paid")
    assert most == 3


async def test_without_a_bank_withdrawals_wait(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    withdrawal_id = await sender.withdraw("100")
    with place.worker(None) as worker:
        await until(lambda: _says(worker, "No bank is set"), "it is told")
        assert worker.stop() == 0
        assert worker.said.count("No bank is set") == 1
    with place.worker(None, bank="no.such:bank") as worker:
        await until(lambda: _says(worker, "can't be imported"), "it is told")
        assert worker.stop() == 0
        assert worker.said.count("can't be imported") == 1
    assert (await sender.view(withdrawal_id)).state == "PENDING"


@pytest.mark.slow
async def test_whatever_an_adapter_does_it_does_no_harm(ledger: Ledger, place: Place) -> None:
    sender = await open_sender(ledger, "100.00")
    refused = {word: await sender.withdraw("1", word) for word in ("talks", "numbers")}
    unsure = ("quotes", "mumbles", "lies", "denies", "cancels", "exits", "interrupts", "clings")
    asked_about = {word: await sender.withdraw("1.23", word) for word in unsure}
    with place.worker(None, bank="tests.workers.bad_banks:open_rude_bank") as worker:
        views = await sender.until_ended([*refused.values(), *asked_about.values()])
        assert worker.stop() == 0
        said = worker.said
    assert [view.state for view in views] == ["FAILED"] * 2 + ["SUCCEEDED"] * 8
    assert all(view.attempts[0].result == "PAID" for view in views[2:])
    talk, number = (view.attempts[0].result for view in views[:2])
    assert talk is not None
    assert talk.startswith(r"REFUSED: no\u0000 \u001b[31m \ud800 \u000axxx")
    assert len(talk) == 255
    assert number == "REFUSED: 7"
    assert "The bank does not answer" in said
    for secret in (SECRET, *unsure, "1.23"):
        assert secret not in said


async def _count_is(connection: asyncpg.Connection, state: str, count: int) -> bool:
    return await count_of(connection, state) == count


async def _says(worker: Worker, text: str) -> bool:
    return text in worker.said
