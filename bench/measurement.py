"""One figure of one round, and how figures are read."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was seen while something ran.

    `charges_total` has the warm-up in it: it is what the database must have. `client_cpu` is the part of one
    core that the asking process used; the ledger in process runs in that very process.
    """

    charges_per_second: float
    charges_total: int
    latency_mean_ms: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    client_cpu: float | None = None


def of_latencies(
    latencies_seconds: Sequence[float],
    *,
    seconds: float,
    charges_total: int,
    cpu_seconds: float | None = None,
    charges_each: int = 1,
) -> Measurement:
    """The measurement of requests that took these times and ended within `seconds`."""
    ordered = sorted(latencies_seconds)
    if not ordered:
        raise ValueError("Nothing was measured: the time was too short.")
    return Measurement(
        charges_per_second=len(ordered) * charges_each / seconds,
        charges_total=charges_total,
        latency_mean_ms=statistics.fmean(ordered) * 1000,
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[len(ordered) * 99 // 100] * 1000,
        client_cpu=None if cpu_seconds is None else cpu_seconds / seconds,
    )


def together(measured: Sequence[Measurement]) -> Measurement:
    """What several processes did side by side: their rates and their CPU added up, the worst of their latencies."""
    return Measurement(
        charges_per_second=sum(one.charges_per_second for one in measured),
        charges_total=sum(one.charges_total for one in measured),
        latency_mean_ms=max((one.latency_mean_ms or 0.0) for one in measured),
        p50_ms=max((one.p50_ms or 0.0) for one in measured),
        p99_ms=max((one.p99_ms or 0.0) for one in measured),
        client_cpu=sum((one.client_cpu or 0.0) for one in measured),
    )


def median(values: Iterable[float | None]) -> float | None:
    """The median of what was measured; None where nothing was."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def median_ratio(above: Sequence[Measurement], below: Sequence[Measurement]) -> float:
    """The median of the ratios within each round: what slows a whole round down is not in it."""
    return statistics.median(
        one.charges_per_second / other.charges_per_second for one, other in zip(above, below, strict=True)
    )
