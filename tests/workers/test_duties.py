"""Duties side by side: one that fails comes back and takes no other with it, and a stop lets all of them finish."""

import asyncio
import logging
from typing import cast

import asyncpg
import pytest

from ledger.errors import Unavailable
from workers import duty
from workers.duty import Duty, Workplace, do_all, pause

NOWHERE = cast("Workplace", None)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "PAUSE_SECONDS_MIN", 0.001)
    monkeypatch.setattr(duty, "PAUSE_SECONDS_MAX", 0.01)


class Steady:
    """Works all the time, and takes a moment to finish."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_finished = False

    async def run(self, _: Workplace, stopping: asyncio.Event) -> None:
        self.begun += 1
        await stopping.wait()
        await asyncio.sleep(0.05)
        self.has_finished = True


class Failing:
    """Raises what it is told, and stops everything after so many times."""

    def __init__(self, times: int, *errors: Exception) -> None:
        self.begun = 0
        self._times = times
        self._errors = errors

    async def run(self, _: Workplace, stopping: asyncio.Event) -> None:
        self.begun += 1
        if self.begun == self._times:
            stopping.set()
            return
        raise self._errors[self.begun % len(self._errors)]


async def test_one_that_fails_is_told_of_without_its_words_and_begins_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steady, failing = Steady(), Failing(5, ValueError("4111 1111"))
    duties = [Duty("Steady", steady.run), Duty("Failing", failing.run)]
    await asyncio.wait_for(do_all(duties, NOWHERE, asyncio.Event(), 5), 10)
    assert failing.begun == 5
    assert (steady.begun, steady.has_finished) == (1, True)
    assert [record.getMessage() for record in caplog.records] == ["Failing failed"] * 4


async def test_a_database_that_is_away_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    away = (ConnectionRefusedError(), asyncpg.CannotConnectNowError(), Unavailable(executed_unknown=False))
    failing = Failing(8, *away)
    await asyncio.wait_for(do_all([Duty("Failing", failing.run)], NOWHERE, asyncio.Event(), 5), 10)
    assert failing.begun == 8
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Failing: the database does not answer")


async def test_one_that_ends_by_itself_is_a_fault_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    stopping = asyncio.Event()
    begun = 0

    async def forgetful(_: Workplace, stopping: asyncio.Event) -> None:
        nonlocal begun
        begun += 1
        if begun == 3:
            stopping.set()

    await asyncio.wait_for(do_all([Duty("Forgetful", forgetful)], NOWHERE, stopping, 5), 10)
    assert [record.getMessage() for record in caplog.records] == ["Forgetful ended by itself"] * 2


async def test_what_does_not_finish_in_time_is_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    stopping = asyncio.Event()
    steady = Steady()
    was_cancelled = False

    async def endless(_: Workplace, __: asyncio.Event) -> None:
        nonlocal was_cancelled
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled = True
            raise

    duties = [Duty("Steady", steady.run), Duty("Endless", endless)]
    doing = asyncio.create_task(do_all(duties, NOWHERE, stopping, 0.2))
    await asyncio.sleep(0.05)
    stopping.set()
    await asyncio.wait_for(doing, 10)
    assert steady.has_finished
    assert was_cancelled
    assert [record.getMessage() for record in caplog.records] == [
        "Not finished in 0.2 seconds, and left: Endless"
    ]


async def test_cancelled_it_waits_for_nobody() -> None:
    steady = Steady()
    doing = asyncio.create_task(do_all([Duty("Steady", steady.run)], NOWHERE, asyncio.Event(), 60))
    await asyncio.sleep(0.05)
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(doing, 10)
    assert not steady.has_finished


async def test_pauses_end_with_the_stop() -> None:
    stopping = asyncio.Event()
    await pause(stopping, 0.01)
    pausing = asyncio.create_task(pause(stopping, 3600))
    await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.wait_for(pausing, 10)
