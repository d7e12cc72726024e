"""Counting: many at once is the same as one by one, under names that are bounded."""

import asyncio
import math
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, Histogram

from runtime.http.exchange import NAME_CHARACTERS_MAX, Exchange
from runtime.http.metrics import NAMES_MAX, NONE, OTHER, SEVERAL, RequestCounter
from runtime.metrics import GATHER_SECONDS, GATHERED_MAX, BulkHistogram, Gathering

AMOUNTS = [0.0, 0.5, 1.0, 1.0, 1.0000001, 2.0, 9.0, 1e9]


def samples(histogram: Histogram) -> dict[tuple[str, str], float]:
    (metric,) = histogram.collect()
    return {(sample.name, sample.labels.get("le", "")): sample.value for sample in metric.samples}


@pytest.mark.parametrize("amounts", [AMOUNTS, [], [0.0], [math.inf]])
def test_many_are_observed_as_one_by_one(amounts: list[float]) -> None:
    one_by_one = Histogram("purser_x", "x", registry=CollectorRegistry(), buckets=(1.0, 2.0))
    at_once = BulkHistogram("purser_x", "x", registry=CollectorRegistry(), buckets=(1.0, 2.0))
    for amount in amounts:
        one_by_one.observe(amount)
    at_once.observe_all(amounts)
    assert samples(at_once) == samples(one_by_one)


def ended(*operations: str, root_field: str = "charge", signed_in: bool = True) -> Exchange:
    exchange = Exchange("id")
    exchange.operations, exchange.root_field = list(operations), root_field
    exchange.account_id = UUID(int=1) if signed_in else None
    return exchange


def test_operations_have_bounded_names() -> None:
    name_of = RequestCounter([])._operation
    assert name_of(ended()) == NONE
    assert name_of(ended("A", "B")) == SEVERAL
    assert name_of(ended("", signed_in=False)) == "charge"
    assert name_of(ended("Charge", signed_in=False)) == OTHER
    assert name_of(ended("Charge")) == "Charge"
    # Once it is there, it is everybody's.
    assert name_of(ended("Charge", signed_in=False)) == "Charge"
    assert name_of(ended("N" * (NAME_CHARACTERS_MAX + 1))) == OTHER
    claimed = {name_of(ended(f"Name{number}")) for number in range(2 * NAMES_MAX)}
    assert OTHER in claimed
    assert len(claimed) <= NAMES_MAX
    assert name_of(ended("Charge")) == "Charge"
    assert name_of(ended("", root_field="wallets")) == "wallets"


async def test_what_is_gathered_is_counted_together_and_at_the_end() -> None:
    counted: list[list[int]] = []
    gathering = Gathering[int](lambda items: counted.append(list(items)))
    async with gathering.counting():
        gathering.add(1)
        gathering.add(2)
        await asyncio.sleep(3 * GATHER_SECONDS)
        assert counted == [[1, 2]]
        gathering.add(3)
    assert counted == [[1, 2], [3]]


async def test_a_fault_in_counting_ends_it_not() -> None:
    counted: list[int] = []

    def count(items: object) -> None:
        counted.append(len(counted))
        if len(counted) != 2:
            raise LookupError("a fault of ours")

    gathering = Gathering[int](count)
    async with gathering.counting():
        for number in range(1, 3):
            gathering.add(1)
            while len(counted) < number:
                await asyncio.sleep(GATHER_SECONDS)
        gathering.add(1)
    assert len(counted) == 3


def test_where_nobody_counts_memory_is_bounded() -> None:
    counted: list[int] = []
    gathering = Gathering[int](counted.extend)
    for number in range(2 * GATHERED_MAX):
        gathering.add(number)
    gathering.count()
    assert counted == list(range(GATHERED_MAX, 2 * GATHERED_MAX))
