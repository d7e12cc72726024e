"""`python -m bench.lanes`: ten million wallets spread over a hundred lanes, how fast and how evenly."""

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import click
import numpy as np

from bench.database import BenchmarkError
from bench.differencing_by_heap import sums_one_by_one
from bench.machine import describe
from workers.differencing import Integers, spread_evenly

SEED = 7
SAMPLE = 50_000
SECONDS_MAX = 6.0
MEMORY_MIB_MAX = 2000


class Spreading(NamedTuple):
    """One distribution, spread once. Spreads are operations: the busiest lane's less the idlest one's."""

    seconds: float
    peak_mib: int
    spread: int
    spread_least: int
    sample_spread: int
    sample_spread_one_by_one: int


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--wallets", default=10_000_000, show_default=True, type=click.IntRange(1))
@click.option("--lanes", default=100, show_default=True, type=click.IntRange(2))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
def main(wallets: int, lanes: int, rounds: int) -> None:
    """Spreads the wallets by how many operations each had; each time in a process of its own."""
    for name, value in describe().items():
        print(f"{name}: {value}", flush=True)
    print(f"\n| {wallets:,} wallets, {lanes} lanes | s | peak MiB | spread | least possible |", end="")
    print(f" sample of {SAMPLE:,} | one by one |\n|---|---|---|---|---|---|---|", flush=True)
    context = multiprocessing.get_context("spawn")
    missed = []
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as processes:
        for name in ("even", "Zipf", "many equal"):
            for _ in range(rounds):
                done = processes.submit(measure, name, wallets, lanes).result()
                print(
                    f"| {name} | {done.seconds:.2f} | {done.peak_mib} | {done.spread:,} | {done.spread_least:,} | "
                    f"{done.sample_spread:,} | {done.sample_spread_one_by_one:,} |",
                    flush=True,
                )
                if (
                    done.seconds > SECONDS_MAX
                    or done.peak_mib > MEMORY_MIB_MAX
                    or done.sample_spread > done.sample_spread_one_by_one
                ):
                    missed.append(name)
    if missed:
        raise BenchmarkError(
            f"More than {SECONDS_MAX} s or {MEMORY_MIB_MAX} MiB, or less even than one by one: {missed}."
        )


def measure(name: str, wallets: int, lanes: int) -> Spreading:
    """In the process: its peak of memory is the whole process's, interpreter and activity too."""
    operations = activity(name, wallets)
    began = time.perf_counter()
    found = spread_evenly(operations, lanes)
    seconds = time.perf_counter() - began
    # KiB, but bytes on macOS.
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (
        2**20 if sys.platform == "darwin" else 2**10
    )
    sample = operations[:SAMPLE]
    one_by_one = sums_one_by_one(sample.tolist(), lanes)
    return Spreading(
        seconds,
        peak_mib,
        _spread(operations, found, lanes),
        spread_least(operations, lanes),
        _spread(sample, spread_evenly(sample, lanes), lanes),
        one_by_one[-1] - one_by_one[0],
    )


def activity(name: str, wallets: int) -> Integers:
    """How many operations each wallet had, in no order."""
    random = np.random.default_rng(SEED)
    match name:
        case "even":
            return random.integers(0, 1001, wallets)
        case "Zipf":
            # The busiest wallet has as many as there are wallets, the next one half of them, the third a third ...
            return random.permutation(wallets // np.arange(1, wallets + 1))
        case _:
            return random.choice(np.array([0, 1, 2, 5, 10]), wallets, p=[0.5, 0.3, 0.1, 0.06, 0.04])


def spread_least(operations: Integers, lanes: int) -> int:
    """Some lane has the busiest wallet; the idlest has at most its fair share of what the busy ones leave."""
    busiest = np.sort(operations)[::-1][: lanes - 1]
    left = int(operations.sum()) - np.concatenate(([0], np.cumsum(busiest)))
    idlest = int((left // np.arange(lanes, lanes - len(left), -1)).min())
    return max(int(busiest[0]), -(-int(left[0]) // lanes)) - idlest


def _spread(operations: Integers, found: np.ndarray[tuple[int], np.dtype[np.int32]], lanes: int) -> int:
    # Doubles, but of whole numbers below 2**53.
    sums = np.bincount(found, operations, lanes)
    return int(sums.max() - sums.min())


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
