"""Whatever processes take, lose and give back: never more than the limit in any minute, and all of it in the end."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from auth.errors import LimitSpent
from auth.limits import leases as leases_module
from auth.limits.leases import REFUSED_SECONDS, SPARE, Leases, Standing
from auth.limits.rate_limits import _Counted
from auth.limits.window import (
    ANY_NUMBER,
    PARTS,
    SLOT_SECONDS,
    SLOTS,
    UNTOUCHED,
    WINDOW_SECONDS,
    Window,
    slot_at,
)
from runtime.http.exchange import Exchange

LIMIT = 20
PROCESSES = 2
SUBJECTS = ("ann", "bob")
# Each process has a clock of its own, and so has the database.
CLOCKS = (71.3, 12_345.6)
DATABASE_CLOCK = 1_800_000_000.0
PHASES = {"ann": 0.0, "bob": 1.7}
SECONDS = st.sampled_from([0.1, 1.0, 2.5, 4.9, 5.0, 7.5, 29.9, 50.0, 54.9, 55.1, 59.9, 60.1])
LATENCIES = st.sampled_from([0.0, 0.0, 0.1, 0.9])


class RateLimitsMachine(RuleBasedStateMachine):
    """The table, the processes, and the tiny model: a list of when how many operations were let through."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.rows = dict.fromkeys(SUBJECTS, UNTOUCHED)
        self.processes = [Leases(1) for _ in range(PROCESSES)]
        self.passed: dict[str, list[tuple[float, int]]] = {subject: [] for subject in SUBJECTS}

    @rule(
        process=st.integers(0, PROCESSES - 1),
        subject=st.sampled_from(SUBJECTS),
        count=st.integers(1, 6),
        times=st.sampled_from([1, 2, LIMIT]),
        asking_seconds=LATENCIES,
        answering_seconds=LATENCIES,
    )
    def take(
        self,
        process: int,
        subject: str,
        count: int,
        times: int,
        asking_seconds: float,
        answering_seconds: float,
    ) -> None:
        for _ in range(times):
            standing = self.processes[process].take(subject, count, self.now + CLOCKS[process])
            if standing is None:
                self.borrow(process, subject, count, asking_seconds, answering_seconds)
                standing = self.processes[process].take(subject, count, self.now + CLOCKS[process])
            if standing is None or not standing.is_allowed:
                return
            assert 0 <= standing.remaining <= LIMIT
            assert standing.frees_in_seconds <= WINDOW_SECONDS + SLOT_SECONDS + 1
            self.passed[subject].append((self.now, count))

    def borrow(
        self, process: int, subject: str, count: int, asking_seconds: float, answering_seconds: float
    ) -> None:
        leases, clock = self.processes[process], CLOCKS[process]
        asked_at = self.now + clock
        expected = ANY_NUMBER
        if not leases.is_live(subject, asked_at):
            expected = leases.end_old(asked_at).get(subject, 0)
        self.give_back(leases, subject)
        self.now += asking_seconds
        self.rows[subject], loan = self.rows[subject].lend(
            LIMIT, count, expected=expected, seconds=self.now + DATABASE_CLOCK, phase=PHASES[subject]
        )
        self.now += answering_seconds
        leases.add(subject, loan, asked_at, self.now + clock)

    @rule(subject=st.sampled_from(SUBJECTS), seconds=SECONDS)
    def spend_what_is_left(self, subject: str, seconds: float) -> None:
        self.now += seconds
        for process in range(PROCESSES):
            self.take(process, subject, 1, LIMIT + 1, 0, 0)

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(process=st.integers(0, PROCESSES - 1))
    def renew(self, process: int) -> None:
        leases, now = self.processes[process], self.now + CLOCKS[process]
        for subject, expected in leases.end_old(now).items():
            self.give_back(leases, subject)
            self.rows[subject], loan = self.rows[subject].lend(
                LIMIT, 0, expected=expected, seconds=self.now + DATABASE_CLOCK, phase=PHASES[subject]
            )
            leases.add(subject, loan, now, now)
        for subject in leases.with_unused(1):
            self.give_back(leases, subject)

    @rule(process=st.integers(0, PROCESSES - 1))
    def die(self, process: int) -> None:
        self.processes[process] = Leases(1)

    @rule()
    def sweep(self) -> None:
        newest = slot_at(self.now + DATABASE_CLOCK, 0)
        for subject, row in self.rows.items():
            if row.slot < newest - SLOTS:
                self.rows[subject] = UNTOUCHED

    @rule(subject=st.sampled_from(SUBJECTS), process=st.integers(0, PROCESSES - 1))
    def all_comes_back(self, subject: str, process: int) -> None:
        for number in range(PROCESSES):
            self.renew(number)
        self.now += WINDOW_SECONDS + SLOT_SECONDS
        before = len(self.passed[subject])
        self.take(process, subject, 1, 1, 0, 0)
        assert self.passed[subject][before:] == [(self.now, 1)]
        _, rest = self.rows[subject].lend(
            LIMIT, LIMIT, expected=0, seconds=self.now + DATABASE_CLOCK, phase=PHASES[subject]
        )
        # But for what the process was lent in advance.
        assert LIMIT - 1 - LIMIT // PARTS <= rest.lent <= LIMIT - 1

    @invariant()
    def never_more_than_the_limit_in_a_minute(self) -> None:
        for passed in self.passed.values():
            for until, _ in passed:
                within = (count for at, count in passed if until - WINDOW_SECONDS <= at <= until)
                assert sum(within) <= LIMIT

    @invariant()
    def memory_is_bounded(self) -> None:
        for leases in self.processes:
            assert len(leases._leases) <= 1
            assert len(leases._unused) <= 1

    def give_back(self, leases: Leases, subject: str) -> None:
        for slot, count in leases.unused_of(subject):
            # As the table does: at whatever slot the row stands.
            self.rows[subject] = self.rows[subject].given_back(slot, count)


RateLimitsMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=30)
TestRateLimits = RateLimitsMachine.TestCase


def lend(window: Window, wanted: int, seconds: float, *, expected: int = 0) -> tuple[Window, int]:
    window, loan = window.lend(LIMIT, wanted, expected=expected, seconds=seconds, phase=0)
    return window, loan.lent


def test_one_process_has_exactly_the_limit() -> None:
    leases, window, allowed = Leases(10), UNTOUCHED, 0
    for number in range(100):
        standing = leases.take("ann", 1, 0.0)
        if standing is None:
            window, loan = window.lend(
                LIMIT, 1, expected=ANY_NUMBER if leases.is_live("ann", 0.0) else 0, seconds=0.0, phase=0
            )
            leases.add("ann", loan, 0.0, 0.0)
            standing = leases.take("ann", 1, 0.0)
        assert standing is not None
        assert standing.is_allowed == (number < LIMIT)
        assert standing.remaining == max(0, LIMIT - number - 1)
        assert standing.frees_in_seconds == WINDOW_SECONDS + SLOT_SECONDS
        allowed += standing.is_allowed
    assert allowed == LIMIT


def test_who_asks_once_takes_one_and_who_asks_again_a_part() -> None:
    window, lent = lend(UNTOUCHED, 1, 0.0)
    assert lent == 1
    window, lent = lend(window, 1, 0.0, expected=ANY_NUMBER)
    assert lent == (LIMIT - 1) // 8
    window, lent = lend(window, 5, 0.0, expected=ANY_NUMBER)
    assert lent == 5


def borrow(leases: Leases, subject: str, lent: int, *, now: float) -> None:
    _, loan = UNTOUCHED.lend(LIMIT, lent, expected=0, seconds=now, phase=0)
    leases.add(subject, loan, now, now)


def test_who_goes_on_is_lent_in_advance_what_it_is_likely_to_ask_for() -> None:
    leases = Leases(10)
    borrow(leases, "ann", 12, now=0.0)
    leases.take("ann", 4, 1.0)
    assert leases.end_old(4.9) == {}
    assert leases.end_old(5.0) == {"ann": 2 * 4 + SPARE}
    assert leases.unused_of("ann") == [(0, 8)]
    # What was lent meanwhile, in one slot, changes nothing of that.
    borrow(leases, "ann", 2, now=5.0)
    borrow(leases, "ann", 18, now=6.0)
    assert leases.end_old(10.0) == {"ann": 1}


def test_who_pauses_is_lent_half_as_much_each_time() -> None:
    leases = Leases(10)
    borrow(leases, "ann", 12, now=0.0)
    seen = []
    for slot in range(1, 6):
        for lent in (expected := leases.end_old(5.0 * slot)).values():
            borrow(leases, "ann", lent, now=5.0 * slot)
        seen.append(expected.get("ann"))
    assert seen == [6, 3, 1, None, None]


def test_of_very_many_leases_that_are_over_those_who_ask_are_ended_first_and_then_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases_module, "ENDED_AT_ONCE", 2)
    leases = Leases(10)
    for subject in ("ann", "bob", "cyd", "dan"):
        borrow(leases, subject, 3, now=0.0)
        leases.take(subject, 1, 0.0)
    assert list(leases.end_old(5.0, ["eve", "cyd"])) == ["cyd", "ann"]
    assert leases.has_old
    assert list(leases.end_old(5.0)) == ["bob", "dan"]
    assert not leases.has_old


def test_nobody_is_told_to_come_back_too_early() -> None:
    counted = _Counted("account", LIMIT)
    exchange = Exchange("id")
    with pytest.raises(LimitSpent) as spent:
        counted.note(Standing(is_allowed=False, remaining=0, frees_in_seconds=1.1), exchange)
    assert spent.value.retry_after_seconds == 2
    assert exchange.limits["account"][1] == b'"account";r=0;t=2'


def test_what_was_taken_comes_back_slot_by_slot() -> None:
    window, _ = lend(UNTOUCHED, 15, 4.9)
    window, _ = lend(window, 5, 5.0)
    assert lend(window, 1, 64.9)[1] == 0
    window, loan = window.lend(LIMIT, 1, expected=0, seconds=64.0, phase=0)
    assert (loan.lent, loan.frees_in_seconds) == (0, 1.0)
    window, lent = lend(window, LIMIT, 65.0)
    assert lent == 15
    assert lend(window, LIMIT, 70.0)[1] == 5


def test_what_is_given_back_is_of_its_slot() -> None:
    window, _ = lend(UNTOUCHED, 15, 0.0)
    window, _ = lend(window, 5, 5.0)
    window = window.given_back(0, 10)
    # The other ten count until their own slots have passed.
    assert lend(window, LIMIT, 6.0)[1] == 10
    assert lend(window, LIMIT, 65.0)[1] == 15
    assert lend(window, LIMIT, 70.0)[1] == 20
    assert lend(window.given_back(-20, 10).given_back(20, 10), LIMIT, 6.0)[1] == 10


def test_a_lease_ends_with_its_slot_however_slow_the_answer_was() -> None:
    leases = Leases(10)
    _, loan = UNTOUCHED.lend(LIMIT, 3, expected=0, seconds=1.0, phase=0)
    leases.add("ann", loan, 100.0, 100.9)
    assert leases.take("ann", 1, 103.9) is not None
    assert leases.take("ann", 1, 104.0) is None
    # In the next slot: what is left of the first one is for that one alone.
    _, loan = UNTOUCHED.lend(LIMIT, 1, expected=0, seconds=5.0, phase=0)
    leases.add("ann", loan, 104.0, 104.0)
    standing = leases.take("ann", 1, 104.1)
    assert standing is not None
    assert standing.remaining == LIMIT - 1
    assert leases.unused_of("ann") == [(0, 2)]


def test_a_clock_that_is_set_back_stops_nobody_for_longer_than_a_window() -> None:
    window, _ = lend(UNTOUCHED, LIMIT, 10_000.0)
    assert lend(window, 1, 9_990.0)[1] == 0
    assert lend(window, 1, 5_000.0)[1] == 1


def test_who_is_refused_asks_the_database_once_a_second() -> None:
    leases = Leases(10)
    _, loan = Window(0, (LIMIT,) + (0,) * (SLOTS - 1)).lend(LIMIT, 1, expected=0, seconds=0.0, phase=0)
    leases.add("ann", loan, 0.0, 0.0)
    for moment in (0.0, REFUSED_SECONDS - 0.01):
        standing = leases.take("ann", 1, moment)
        assert standing is not None
        assert not standing.is_allowed
    assert leases.take("ann", 1, REFUSED_SECONDS) is None


def test_one_that_has_to_go_gives_back_what_it_has() -> None:
    leases = Leases(2)
    for subject in ("ann", "bob", "cyd"):
        _, loan = UNTOUCHED.lend(LIMIT, 3, expected=0, seconds=0.0, phase=0)
        leases.add(subject, loan, 0.0, 0.0)
    assert leases.take("ann", 1, 0.0) is None
    assert leases.with_unused(10) == ["ann"]
    assert [(unused.slot, unused.lent) for unused in leases.unused_of("ann")] == [(0, 3)]
    assert leases.with_unused(10) == []
