"""The largest differencing method as it is written down, one step at a time: what the fast one is held against."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

_NOT_FULL, _ITEM, _FULL = range(3)


def sums_one_by_one(weights: Iterable[int], lanes: int) -> list[int]:
    """The sums of the lanes, ascending, where spreads are equal in the order of `workers.differencing`."""
    items = sorted((int(weight) for weight in weights if weight), reverse=True)
    # The spread negated, what comes first of equal ones, its age, its sums in descending order.
    heap = [(-item, _ITEM, age, [item] + [0] * (lanes - 1)) for age, item in enumerate(items)]
    heapify(heap)
    for age in range(1, len(items)):
        larger, smaller = heappop(heap)[3], heappop(heap)[3]
        sums = sorted(map(sum, zip(larger, reversed(smaller), strict=True)), reverse=True)
        heappush(heap, (sums[-1] - sums[0], _FULL if sums[-1] else _NOT_FULL, age, sums))
    return heap[0][3][::-1] if heap else [0] * lanes
