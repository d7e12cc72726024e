"""Which wallet goes into which lane. Pure."""

from typing import NamedTuple

import numpy as np

from workers.differencing import Integers, Lanes, spread_evenly


class LaneLine(NamedTuple):
    """One lane as it is and as it is planned: how many wallets, and how many operations these had."""

    lane: int
    wallets_now: int
    wallets_then: int
    operations_now: int
    operations_then: int


def plan_lanes(present: Lanes, operations: Integers, lanes: int) -> Lanes:
    """The lane (1 to `lanes`) of each wallet, given the lane that it is in and the operations that it had.

    Wallets that had operations are spread by these, with as few of them moved as goes with it. The others stay, or are
    dealt out in turn where their lane is not there any more. Where the lanes are as even already, nobody moves.
    """
    planned = present.copy()
    leaving = np.flatnonzero((operations == 0) & (present > lanes))
    planned[leaving] = np.arange(leaving.size) % lanes + 1
    active = np.flatnonzero(operations)
    if active.size:
        loads, own = operations[active], present[active]
        groups = spread_evenly(loads, lanes)
        if own.max() > lanes or _spread(loads, own - 1, lanes) > _spread(loads, groups, lanes):
            planned[active] = _named_like(groups, own, lanes)
    return planned


def tell_lanes(present: Lanes, planned: Lanes, operations: Integers, idle: dict[int, int]) -> list[LaneLine]:
    """Every lane up to the last that is in use, now or then. `idle`: by lane the wallets that are not in the arrays."""
    last = max(int(present.max(initial=1)), int(planned.max(initial=1)), *idle, 1)
    wallets_now, wallets_then = (
        np.bincount(lanes, minlength=last + 1).tolist() for lanes in (present, planned)
    )
    operations_now, operations_then = (
        _loads(operations, lanes, last + 1).tolist() for lanes in (present, planned)
    )
    return [
        LaneLine(
            lane,
            wallets_now[lane] + idle.get(lane, 0),
            wallets_then[lane] + idle.get(lane, 0),
            operations_now[lane],
            operations_then[lane],
        )
        for lane in range(1, last + 1)
    ]


def _named_like(groups: Lanes, present: Lanes, lanes: int) -> Lanes:
    """The groups under the numbers of lanes: each takes the lane that most of it is in, the largest shares first."""
    stays = present <= lanes
    pairs, counts = np.unique(
        groups[stays].astype(np.int64) * (lanes + 1) + present[stays], return_counts=True
    )
    names = np.zeros(lanes, dtype=np.int32)
    free = set(range(1, lanes + 1))
    for pair in pairs[np.argsort(-counts, kind="stable")].tolist():
        group, lane = divmod(pair, lanes + 1)
        if not names[group] and lane in free:
            names[group] = lane
            free.discard(lane)
            if not free:
                break
    names[names == 0] = sorted(free)
    named: Lanes = names[groups]
    return named


def _spread(loads: Integers, lanes: Lanes, count: int) -> int:
    sums = _loads(loads, lanes, count)
    return int(sums.max() - sums.min())


def _loads(loads: Integers, lanes: Lanes, count: int) -> Integers:
    # In floating point, which is exact up to 2 ** 53.
    return np.bincount(lanes, weights=loads, minlength=count).astype(np.int64)
