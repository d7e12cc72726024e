"""Lanes as even as the largest differencing method makes them, whatever the weights, and each item in one lane."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.differencing_by_heap import sums_one_by_one
from workers.differencing import SUM_MAX, Integers, spread_evenly

# Few different ones, so that ties are many; a wide range; and both at once, so that some dominate the rest.
WEIGHTS = st.one_of(
    st.lists(st.integers(0, 3), max_size=200),
    st.lists(st.integers(0, 10**12), max_size=200),
    st.lists(st.integers(0, 5) | st.integers(10**3, 10**3 + 5) | st.integers(10**6, 10**9), max_size=200),
)
LANES = st.integers(1, 12) | st.just(150)

DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, int], Integers]] = {
    "even": lambda random, size: random.integers(0, 1001, size),
    "even, no two alike": lambda random, size: random.integers(0, 2**40, size),
    "around a mean": lambda random, size: random.poisson(20, size),
    "Zipf": lambda random, size: random.permutation(size // np.arange(1, size + 1)),
    "Zipf, no two alike": lambda random, size: random.permutation(2**40 // np.arange(1, size + 1)),
    "drawn from Zipf's law": lambda random, size: np.minimum(random.zipf(1.5, size), 2**40),
    "heavy tail": lambda random, size: (random.lognormal(0, 2, size) * 10**6).astype(np.int64),
    "many equal": lambda random, size: random.choice(
        np.array([0, 1, 2, 5, 10]), size, p=[0.5, 0.3, 0.1, 0.06, 0.04]
    ),
    "all equal": lambda _, size: np.full(size, 7),
    "two weights far apart": lambda random, size: random.choice(np.array([7, 1_000_003]), size),
    "a gap": lambda random, size: (
        random.integers(10**9, 2 * 10**9, size) + random.integers(0, 2, size) * 2 * 10**9
    ),
    "large and small": lambda random, size: (
        np.where(random.random(size) < 0.5, 10**6, 1) * random.integers(0, 1000, size)
    ),
    "a few whales": lambda random, size: np.concatenate(
        (np.full(97, 10**9), random.integers(1, 100, size - 97))
    ),
}


@pytest.mark.parametrize(
    ("weights", "groups"),
    [
        ([1, 7, 5, 10, 9, 3], [[3, 9], [5, 7], [10, 1]]),
        # Not the best there is, 15 and 15, but what the method finds.
        ([4, 5, 6, 7, 8], [[4, 5, 7], [6, 8]]),
        ([1234, 5678, 3456], [[1234, 3456], [5678]]),
    ],
)
def test_groups_worked_out_by_hand(weights: list[int], groups: list[list[int]]) -> None:
    lanes = spread_evenly(weights, len(groups))
    found = [
        [weight for weight, of in zip(weights, lanes, strict=True) if of == lane]
        for lane in range(len(groups))
    ]
    assert sorted(map(sorted, found)) == sorted(map(sorted, groups))


def test_a_wallet_without_operations_is_in_a_lane_too() -> None:
    weights = [1234, 5678, 0, 3456]
    lanes = spread_evenly(weights, 2)
    assert len(lanes) == 4
    assert sums(weights, lanes, 2) == [4690, 5678]


@given(WEIGHTS, LANES)
@example([], 3)
@example([0, 0, 0], 2)
@example([5], 150)
# A whale takes items until another state's spread is above them; and equal items until they are above its spread.
@example([1000, 615, 624, 569, 982, 776, 945, 121, 78, 35, 81, 120, 39, 9, 46, 122, 57, 85, 4], 3)
@example([100, 100, 95, 62, 53, 77, 79, *[6] * 28, 4], 3)
def test_sums_of_the_method_done_one_by_one(weights: list[int], lanes: int) -> None:
    found = spread_evenly(weights, lanes)
    assert len(found) == len(weights)
    assert all(0 <= lane < lanes for lane in found)
    assert sums(weights, found, lanes) == sums_one_by_one(weights, lanes)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("size", "lanes"), [(1_000, 2), (1_000, 7), (1_000, 100), (5_000, 3), (5_000, 16), (20_000, 100)]
)
def test_thousands_at_once_are_spread_as_one_by_one(name: str, size: int, lanes: int) -> None:
    for seed in range(2):
        weights = DISTRIBUTIONS[name](np.random.default_rng(seed), size)
        assert sums(weights, spread_evenly(weights, lanes), lanes) == sums_one_by_one(weights.tolist(), lanes)


@given(WEIGHTS, LANES)
def test_the_same_again_for_the_same_weights(weights: list[int], lanes: int) -> None:
    first = spread_evenly(weights, lanes)
    assert first.tolist() == spread_evenly(np.array(weights, dtype=np.int64), lanes).tolist()


def test_weights_given_are_left_as_they_were() -> None:
    weights = np.array([3, 1, 2, 3, 1, 0], dtype=np.int64)
    spread_evenly(weights, 2)
    assert weights.tolist() == [3, 1, 2, 3, 1, 0]


def test_more_lanes_than_items() -> None:
    assert len(set(spread_evenly([5, 5, 9], 8).tolist())) == 3


def test_items_without_weight_are_dealt_out() -> None:
    assert np.bincount(spread_evenly([0] * 10, 3)).tolist() == [4, 3, 3]


def test_one_lane_takes_all() -> None:
    assert spread_evenly([1, 0, 2**62], 1).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("size", "lanes"), [(2, 2), (31, 4), (1_000, 100), (1_000, 7)])
def test_no_sum_overflows(size: int, lanes: int) -> None:
    weights = np.random.default_rng(1).integers(SUM_MAX // size // 2, SUM_MAX // size, size)
    assert sums(weights, spread_evenly(weights, lanes), lanes) == sums_one_by_one(weights.tolist(), lanes)


@pytest.mark.parametrize("lanes", [2, 3, 5])
def test_the_largest_sum_there_may_be(lanes: int) -> None:
    for weights in (
        [SUM_MAX],
        [2**62, 2**62 - 1],
        [2**62, 2**61, 2**61 - 1],
        [2**61] * 3 + [2**60, 2**60 - 1],
    ):
        assert sums(weights, spread_evenly(weights, lanes), lanes) == sums_one_by_one(weights, lanes)


@pytest.mark.parametrize("weights", [[SUM_MAX, 1], [2**62, 2**62], [2**61] * 5])
def test_a_sum_too_large_is_refused(weights: list[int]) -> None:
    with pytest.raises(OverflowError, match="above"):
        spread_evenly(weights, 2)


@pytest.mark.parametrize(("weights", "lanes"), [([1, -1], 2), ([-(2**63)], 2), ([1], 0), ([], -1)])
def test_bad_input_is_refused(weights: list[int], lanes: int) -> None:
    with pytest.raises(ValueError, match=r"negative|at least one lane"):
        spread_evenly(weights, lanes)


def sums(
    weights: list[int] | Integers, found: np.ndarray[tuple[int], np.dtype[np.int32]], lanes: int
) -> list[int]:
    total = [0] * lanes
    for weight, lane in zip(weights, found, strict=True):
        total[lane] += int(weight)
    return sorted(total)
