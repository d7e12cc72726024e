"""The simulated bank's luck: shares come out over many draws, and the same for the same seed."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.bank import Answer, Result
from workers.simulated_bank.behaviour import (
    LATENCY_MEANS_MAX,
    OUTAGE_SLOT_SECONDS,
    Behaviour,
    Fate,
    Outage,
    Reply,
    decide,
    draw_fate,
    outage_at,
)

DRAWS = 20_000
# Five standard deviations of the least favourable share.
TOLERANCE = 5 * 0.5 / DRAWS**0.5
SHARES = st.floats(0, 1)
BEHAVIOURS = st.builds(
    Behaviour,
    success_rate=SHARES,
    latency_ms=st.integers(0, 60_000),
    lost_replies=SHARES,
    refusals=SHARES,
    duplicates=SHARES,
    outages=SHARES,
)


def fates(behaviour: Behaviour, seed: int = 1) -> list[Fate]:
    generator = Random(seed)
    return [draw_fate(behaviour, generator) for _ in range(DRAWS)]


def near(share: float) -> object:
    return pytest.approx(share, abs=TOLERANCE)


def test_shares_come_out() -> None:
    behaviour = Behaviour(0.7, latency_ms=250, lost_replies=0.2, refusals=0.1, duplicates=0.3)
    drawn = fates(behaviour)
    results = Counter(fate.result for fate in drawn)
    assert results[Result.REFUSED] / DRAWS == near(0.1)
    assert results[Result.PAID] / DRAWS == near(0.9 * 0.7)
    assert results[Result.FAILED] / DRAWS == near(0.9 * 0.3)
    assert sum(fate.repeats for fate in drawn) / DRAWS == near(0.3)
    replies = Counter(fate.reply for fate in drawn)
    assert replies[Reply.CUT] / DRAWS == near(0.1)
    assert replies[Reply.NEVER] / DRAWS == near(0.1)
    assert sum(fate.latency_seconds for fate in drawn) / DRAWS == pytest.approx(0.25, rel=0.05)


def test_one_is_always_and_zero_never() -> None:
    for fate in fates(Behaviour(1, 0, lost_replies=0, refusals=0, duplicates=0)):
        assert fate == Fate(0.0, Result.PAID, False, Reply.SENT)
    for fate in fates(Behaviour(1, 0, lost_replies=1, refusals=1, duplicates=1)):
        assert (fate.result, fate.repeats) == (Result.REFUSED, True)
        assert fate.reply is not Reply.SENT
    assert {fate.result for fate in fates(Behaviour(0))} == {Result.FAILED}


def test_the_same_seed_has_the_same_luck() -> None:
    assert fates(Behaviour(), seed=7) == fates(Behaviour(), seed=7)
    assert fates(Behaviour(), seed=7) != fates(Behaviour(), seed=8)


@given(BEHAVIOURS, BEHAVIOURS, st.integers(0, 2**32))
def test_one_request_takes_no_luck_from_the_next(one: Behaviour, other: Behaviour, seed: int) -> None:
    generators = Random(seed), Random(seed)
    for behaviour, generator in zip((one, other), generators, strict=True):
        fate = draw_fate(behaviour, generator)
        assert 0 <= fate.latency_seconds <= LATENCY_MEANS_MAX * behaviour.latency_ms / 1000
    assert draw_fate(one, generators[0]) == draw_fate(one, generators[1])


def test_outages_take_their_share_of_the_time() -> None:
    seconds = [number / 4 for number in range(DRAWS)]
    for share in (0.0, 0.25, 1.0):
        seen = Counter(outage_at(Behaviour(outages=share), 1, second) for second in seconds)
        # A slot is one draw for all its seconds.
        assert 1 - seen[None] / DRAWS == pytest.approx(
            share, abs=5 * 0.5 / (DRAWS / 4 / OUTAGE_SLOT_SECONDS) ** 0.5
        )
        if share:
            assert seen[Outage.UNAVAILABLE] > 0 < seen[Outage.HUNG_UP]


@given(st.integers(0, 2**32), st.integers(0, 10**6), SHARES)
def test_an_outage_lasts_for_its_slot(seed: int, slot: int, share: float) -> None:
    behaviour = Behaviour(outages=share)
    start = slot * OUTAGE_SLOT_SECONDS
    outages = {outage_at(behaviour, seed, start + part * OUTAGE_SLOT_SECONDS) for part in (0, 0.5, 0.99)}
    assert len(outages) == 1


@pytest.mark.parametrize("result", [Result.PAID, Result.FAILED, Result.REFUSED])
@pytest.mark.parametrize("was_paid", [False, True])
def test_nothing_is_paid_late_and_what_was_paid_is_paid_again(result: Result, was_paid: bool) -> None:
    fate = Fate(0, result, True, Reply.SENT)
    assert decide(fate, is_late=True, was_paid=was_paid) == Answer(Result.FAILED, "TOO_LATE")
    in_time = decide(fate, is_late=False, was_paid=was_paid)
    assert in_time.result is (Result.PAID if was_paid else result)
