"""Which wallet goes into which lane: as even as differencing makes them, and nobody moves without need."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workers.differencing import spread_evenly
from workers.lane_plan import LaneLine, plan_lanes, tell_lanes

LANES = st.integers(1, 12)
# The lane that a wallet is in, and the operations that it had.
WALLETS = st.lists(
    st.tuples(st.integers(1, 15), st.one_of(st.just(0), st.integers(1, 5), st.integers(1, 10_000))),
    max_size=60,
)


def columns(wallets: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    present = np.array([lane for lane, _ in wallets], dtype=np.int32)
    return present, np.array([operations for _, operations in wallets], dtype=np.int64)


def loads(planned: list[int], operations: list[int], lanes: int) -> list[int]:
    sums = [0] * lanes
    for lane, own in zip(planned, operations, strict=True):
        sums[lane - 1] += own
    return sums


def spread(sums: list[int]) -> int:
    return max(sums) - min(sums)


@given(WALLETS, LANES)
def test_every_wallet_has_a_lane_and_the_lanes_are_even(wallets: list[tuple[int, int]], lanes: int) -> None:
    present, operations = columns(wallets)
    planned = plan_lanes(present, operations, lanes).tolist()
    assert all(1 <= lane <= lanes for lane in planned)
    had = [own for own in operations.tolist() if own]
    then = spread(loads(planned, operations.tolist(), lanes))
    best = spread(loads([lane + 1 for lane in spread_evenly(had, lanes).tolist()], had, lanes)) if had else 0
    assert then <= best


@given(WALLETS, LANES)
def test_without_need_nobody_moves(wallets: list[tuple[int, int]], lanes: int) -> None:
    present, operations = columns(wallets)
    planned = plan_lanes(present, operations, lanes)
    for before, own, after in zip(present.tolist(), operations.tolist(), planned.tolist(), strict=True):
        if own == 0 and before <= lanes:
            assert after == before
    # What was planned once is as even as can be.
    assert plan_lanes(planned, operations, lanes).tolist() == planned.tolist()
    leaving = [
        after
        for (before, own), after in zip(wallets, planned.tolist(), strict=True)
        if own == 0 and before > lanes
    ]
    counts = [leaving.count(lane) for lane in range(1, lanes + 1)]
    assert max(counts) - min(counts) <= 1


@given(WALLETS, LANES)
def test_groups_have_the_numbers_of_the_lanes_that_most_of_them_are_in(
    wallets: list[tuple[int, int]], lanes: int
) -> None:
    """The largest share that a group has in one lane stays where it is."""
    present, operations = columns(wallets)
    planned = plan_lanes(present, operations, lanes)
    active = [
        (before, after)
        for before, after, own in zip(present.tolist(), planned.tolist(), operations.tolist(), strict=True)
        if own
    ]
    stays = {lane: sum(before == after == lane for before, after in active) for lane in range(1, lanes + 1)}
    largest = max(
        (sum(one == (before, after) for one in active) for before, after in active if before <= lanes),
        default=0,
    )
    assert sum(stays.values()) >= largest


def test_the_lines_tell_all_lanes() -> None:
    present, operations = columns([(1, 10), (1, 20), (3, 0)])
    planned = plan_lanes(present, operations, 2)
    lines = tell_lanes(present, planned, operations, {1: 5, 2: 1})
    assert [line.lane for line in lines] == [1, 2, 3]
    assert lines[2] == LaneLine(3, 1, 0, 0, 0)
    assert sum(line.wallets_now for line in lines) == sum(line.wallets_then for line in lines) == 9
    assert sorted(line.operations_then for line in lines) == [0, 10, 20]


def test_many_lanes_and_few_wallets() -> None:
    present, operations = columns([(1, 5), (1, 5), (1, 0)])
    planned = plan_lanes(present, operations, 32_767).tolist()
    assert len(set(planned[:2])) == 2
    assert 1 in planned[:2]
    assert planned[2] == 1
