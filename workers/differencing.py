"""Spreading weighted items over lanes by the largest differencing method (Karmarkar and Karp), many lanes at once.

A state is a partial answer: some items laid into `lanes` slots. Its spread is its largest slot's sum minus its
smallest's; that of an item not yet laid is its weight. Again and again the two with the largest spreads become one,
the fullest slot of one upon the emptiest of the other, until one state is left, whose slots are the lanes. Of equal
spreads a state with a slot still empty comes first, then items, then the other states, the older before the younger.

Done one by one that is a step for each of the items. Here steps that do not need each other's results are done at
once, by numpy: states made of `lanes` items each, items added to a state in rounds, states merged in pairs. They are
the same steps, so the sums are those of the method done one by one.
"""

import operator
from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Lanes = NDArray[np.int32]
Slots = NDArray[np.intp]

_State = tuple[int, int, int]
# One row, or a column of them.
_Rows = int | NDArray[np.intp]

SUM_MAX = 2**63 - 1
_NONE = -1


def spread_evenly(weights: Sequence[int] | Integers, lanes: int) -> Lanes:
    """The lane (0 to lanes - 1) of each item, the sums of the lanes as even as the method makes them.

    Depends on nothing but its input. Items without weight are dealt out in turn. Needs some 50 bytes an item.
    Raises ValueError for a weight below zero or no lane at all, OverflowError if the weights sum to more than SUM_MAX.
    """
    given = np.asarray(weights, dtype=np.int64)
    if lanes < 1:
        raise ValueError(f"There must be at least one lane, not {lanes}.")
    if given.size and given.min() < 0:
        raise ValueError(f"A weight is negative: {given.min()}.")
    if _sum(given) > SUM_MAX:
        raise OverflowError(f"The weights sum to {_sum(given)}, above {SUM_MAX}.")
    found = np.zeros(given.size, dtype=np.int32)
    if lanes > 1:
        order = np.argsort(-given, kind="stable")
        heavy = int(np.count_nonzero(given))
        run = _Differencing(given[order[:heavy]], lanes)
        run.reduce()
        found[order[:heavy]] = run.lanes_of_items()
        found[order[heavy:]] = np.arange(given.size - heavy) % lanes
    return found


def _sum(weights: Integers) -> int:
    """In halves, as the whole may be more than an int64 holds."""
    return (int((weights >> 32).sum()) << 32) + int((weights & (2**32 - 1)).sum())


class _Differencing:
    """One run over items in descending order.

    Rows of `_sums` are states, columns their slots. `_cells` says of each item laid in which cell (row * lanes + slot)
    it is. `_heap` has (-spread, age, row) of the states whose spread is not zero; a flat one changes nothing any more.
    """

    def __init__(self, items: Integers, lanes: int) -> None:
        self._items = items
        self._lanes = lanes
        self._laid = 0
        self._cells = np.empty(len(items), dtype=np.int64)
        # A row begins with `lanes` items, but for the last one.
        self._sums = np.zeros((len(items) // lanes + 1, lanes), dtype=np.int64)
        self._rows = 0
        self._heap: list[_State] = []
        self._born = 0
        self._merged: list[tuple[_Rows, Lanes, _Rows, Lanes]] = []
        # How many independent steps are tried at once: twice as many as last time if all of those were.
        self._chunks_tried = 1
        self._pairs_tried = 1

    def reduce(self) -> None:
        """Until no two are left."""
        while True:
            item, next_item = (self._item(self._laid + ahead) for ahead in (0, 1))
            state = -self._heap[0][0] if self._heap else _NONE
            next_state = -min(self._heap[1:3])[0] if len(self._heap) > 1 else _NONE
            if max(item, next_state) == _NONE:
                return
            if next_item >= state or not self._heap:
                self._lay_items(state)
            elif item >= next_state:
                self._add_items()
            else:
                self._merge_states(item)

    def lanes_of_items(self) -> Lanes:
        """Where each item ended: the slots of the state merged last are lanes, and so back to the first."""
        lanes = np.tile(np.arange(self._lanes, dtype=np.int32), (self._rows, 1))
        for smaller, ascending, larger, descending in reversed(self._merged):
            lanes[smaller, ascending] = lanes[larger, descending]
        found: Lanes = lanes.reshape(-1)[self._cells]
        return found

    def _item(self, position: int) -> int:
        return int(self._items[position]) if position < len(self._items) else _NONE

    def _push(self, spread: int, row: int) -> None:
        if spread:
            self._born += 1
            heappush(self._heap, (-spread, self._born, row))

    def _lay_items(self, spread: int) -> None:
        """Two items come before every state: they begin a state, which comes first itself until each slot has an item.

        So it takes items until there is one in each slot, or a state comes before the next item: that with `spread`.
        """
        above = int(np.count_nonzero(self._items[self._laid : self._laid + self._lanes] >= spread))
        if above == self._lanes:
            self._lay_chunks(spread)
        elif self._heap:
            self._stack(heappop(self._heap)[2], above)
        else:
            self._rows += 1
            self._stack(self._rows - 1, above)

    def _lay_chunks(self, spread: int) -> None:
        """Makes states of `lanes` items each, as long as a state's items come before every state there is."""
        size, first = self._lanes, self._laid
        tried = min(self._chunks_tried, (len(self._items) - first) // size)
        chunks = self._items[first : first + tried * size].reshape(tried, size)
        spreads = chunks[:, 0] - chunks[:, -1]
        above = np.maximum.accumulate(np.concatenate(([spread], spreads[:-1])))
        made = _leading(chunks[:, -1] >= above)
        self._chunks_tried = 2 * made if made == tried else made
        row = self._rows
        self._sums[row : row + made] = chunks[:made]
        self._cells[first : first + made * size] = np.arange(row * size, (row + made) * size)
        self._laid += made * size
        self._rows += made
        uneven = np.flatnonzero(spreads[:made])
        for spread, chunk in zip(spreads[uneven].tolist(), (row + uneven).tolist(), strict=True):
            self._push(spread, chunk)

    def _add_items(self) -> None:
        """One of the next two is a state, the other an item; and so on with as many items as meet the same state."""
        row = heappop(self._heap)[2]
        order = self._sums[row].argsort(kind="stable")
        slots = self._sums[row, order]
        # The slots that the next items go to, and no others, until they reach the next one.
        width = int(slots.searchsorted(slots[0] + self._items[self._laid]))
        if width < self._lanes and (
            self._add_equal(row, order, slots, width) or self._add_rounds(row, order, slots, width)
        ):
            self._push(_spread(self._sums[row]), row)
        else:
            self._stack(row, self._certain(slots), order)

    def _certain(self, slots: Integers) -> int:
        """How many items, at most one for each slot from the emptiest up, meet the state with these sums."""
        other = -self._heap[0][0] if self._heap else _NONE
        items = self._items[self._laid : self._laid + self._lanes]
        sums = slots[: len(items)] + items
        # The first item is sure. Each later one must find its slot still the emptiest ...
        emptiest = slots[1 : len(items)]
        certain = emptiest <= np.minimum.accumulate(sums)[:-1]
        # ... come before the other states itself, and find its state before them and before the item after it.
        spreads = np.maximum.accumulate(np.maximum(sums, slots[-1]))[:-1] - emptiest
        certain &= (items[1:] >= other) & (spreads > other)
        after = self._items[self._laid + 2 : self._laid + 1 + len(items)]
        certain[: len(after)] &= spreads[: len(after)] > after
        return 1 + _leading(certain)

    def _add_equal(self, row: int, order: Slots, slots: Integers, width: int) -> bool:
        """Equal items, round after round in the same order; False if that is not two rounds at least."""
        first, item = self._laid, self._item(self._laid)
        if self._item(first + 1) != item:
            return False
        # Until the next slot has its turn, or the spread is no more than an item.
        room = int(min(slots[width], slots[-1] - item - 1) - slots[width - 1])
        equal = bisect_right(self._items, -item, lo=first, key=operator.neg) - first
        rounds = min(room // item, equal // width)
        if rounds < 2:
            return False
        self._sums[row, order[:width]] += rounds * item
        self._cells[first : first + rounds * width] = np.tile(row * self._lanes + order[:width], rounds)
        self._laid += rounds * width
        return True

    def _add_rounds(self, row: int, order: Slots, slots: Integers, width: int) -> bool:
        """Falling items, round after round in the order of the sums; False if that is not one round at least."""
        first = self._laid
        other = -self._heap[0][0] if self._heap else _NONE
        full, fullest = slots[width], slots[-1]
        sums, order = slots[:width], order[:width]
        while len(items := self._items[self._laid : self._laid + width]) == width:
            largest, smallest, highest = items[0], items[-1], sums[-1]
            # Every slot has its turn, no other one has, and the spread stays above an item.
            if highest > min(sums[0] + smallest, full, fullest - 2 * largest - 1) or smallest < other:
                break
            if largest == smallest and self._laid > first:
                break  # to `_add_equal`
            self._cells[self._laid : self._laid + width] = order
            self._laid += width
            sums = sums + items
            again = sums.argsort(kind="stable")
            sums, order = sums[again], order[again]
        self._sums[row, order] = sums
        self._cells[first : self._laid] += row * self._lanes
        return self._laid > first

    def _stack(self, row: int, count: int, order: Slots | None = None) -> None:
        """The next items go one by one upon the emptiest slots."""
        first = self._laid
        if order is None:
            order = self._sums[row].argsort(kind="stable")
        self._sums[row, order[:count]] += self._items[first : first + count]
        self._cells[first : first + count] = row * self._lanes + order[:count]
        self._laid += count
        self._push(_spread(self._sums[row]), row)

    def _merge_states(self, item: int) -> None:
        """The two next are states. Where pairs were not independent last time, one pair costs less than a batch."""
        if self._pairs_tried == 1:
            self._merge_pair()
        else:
            self._merge_pairs(item)

    def _merge_pair(self) -> None:
        larger, smaller = heappop(self._heap)[2], heappop(self._heap)[2]
        descending = self._sums[larger].argsort(kind="stable")[::-1].astype(np.int32)
        ascending = self._sums[smaller].argsort(kind="stable").astype(np.int32)
        self._sums[larger, descending] += self._sums[smaller, ascending]
        self._merged.append((smaller, ascending, larger, descending))
        spread = _spread(self._sums[larger])
        # Below the next state it does not take part in the next step either: that is a pair of its own.
        self._pairs_tried = 2 if self._heap and spread <= -self._heap[0][0] else 1
        self._push(spread, larger)

    def _merge_pairs(self, item: int) -> None:
        """Pairs of neighbours by spread become one each, as long as no new state comes before the next pair."""
        pairs = self._pop_pairs(item)
        larger, smaller = (
            np.array([row for _, _, row in side])[:, None] for side in (pairs[::2], pairs[1::2])
        )
        descending = self._sums[larger[:, 0]].argsort(axis=1, kind="stable")[:, ::-1].astype(np.int32)
        ascending = self._sums[smaller[:, 0]].argsort(axis=1, kind="stable").astype(np.int32)
        sums = self._sums[larger, descending] + self._sums[smaller, ascending]
        spreads = sums.max(axis=1) - sums.min(axis=1)
        seconds = np.array([-negative for negative, _, _ in pairs[3::2]], dtype=np.int64)
        merged = 1 + _leading(np.maximum.accumulate(spreads)[:-1] <= seconds)
        self._pairs_tried = 2 * merged if 2 * merged == len(pairs) else merged
        done = slice(merged)
        self._sums[larger[done], descending[done]] = sums[done]
        self._merged.append((smaller[done], ascending[done], larger[done], descending[done]))
        for spread, row in zip(spreads[done].tolist(), larger[done, 0].tolist(), strict=True):
            self._push(spread, row)
        for again in pairs[2 * merged :]:
            heappush(self._heap, again)

    def _pop_pairs(self, item: int) -> list[_State]:
        """The states with the largest spreads, those that come before the next item; an even number."""
        popped: list[_State] = []
        while len(popped) < 2 * self._pairs_tried and self._heap and -self._heap[0][0] > item:
            popped.append(heappop(self._heap))
        if len(popped) % 2:
            heappush(self._heap, popped.pop())
        return popped


def _spread(sums: Integers) -> int:
    return int(sums.max() - sums.min())


def _leading(holds: NDArray[np.bool_]) -> int:
    """How many hold before the first that does not."""
    return len(holds) if holds.all() else int(holds.argmin())
