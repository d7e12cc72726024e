"""What Prometheus would read of a service, for tests."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from runtime.exposition import REMEMBERED_SECONDS
from runtime.metrics import GATHER_SECONDS

SECONDS_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Family:
    """One metric as its head describes it, and the names of its labels, without the bounds of buckets."""

    type: str
    meaning: str
    labels: frozenset[str]


class Page:
    """One page of metrics."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._families = list(text_string_to_metric_families(text))

    def value(self, sample: str, **labels: str) -> float:
        """The sum of the samples of that name with these labels at least; 0 where there is none."""
        return sum(
            value
            for name, found, value in self.samples()
            if name == sample and labels.items() <= found.items()
        )

    def values_of(self, sample: str, label: str) -> set[str]:
        """What that label has been."""
        return {found[label] for name, found, _ in self.samples() if name == sample}

    def samples(self) -> Iterator[tuple[str, Mapping[str, str], float]]:
        for family in self._families:
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value

    def families(self) -> dict[str, Family]:
        """By the names under which Prometheus keeps their samples."""
        return {
            f"{family.name}_total" if family.type == "counter" else family.name: Family(
                family.type,
                family.documentation,
                frozenset(label for sample in family.samples for label in sample.labels) - {"le"},
            )
            for family in self._families
        }


async def scrape(http: httpx.AsyncClient) -> Page:
    """The page as it is now."""
    response = await http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Page(response.text)


async def scrape_all(http: httpx.AsyncClient) -> Page:
    """The page with all that has happened so far, also on a busy machine."""
    await asyncio.sleep(REMEMBERED_SECONDS + 10 * GATHER_SECONDS)
    return await scrape(http)


async def scrape_until(http: httpx.AsyncClient, condition: Callable[[Page], object], what: str) -> Page:
    """The first page of which that is so: pages are half a second old, and counts come a moment after the events."""
    give_up_at = time.monotonic() + SECONDS_MAX
    while True:
        page = await scrape(http)
        if condition(page):
            return page
        assert time.monotonic() < give_up_at, f"not after {SECONDS_MAX} s: {what}"
        await asyncio.sleep(0.1)
