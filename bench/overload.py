"""`python -m bench.overload`: ten times what the service can do, and clients that only take its connections."""

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import asyncpg
import click

from bench import servers
from bench.crowd import Manner, Seen, Task, run
from bench.database import BenchmarkError, check_invariants, loaded_database
from bench.machine import cores, describe
from bench.memory import api_processes, resident_mib
from bench.population import Population

TIMES = 10
GOODPUT_MIN = 0.8
REFUSAL_SECONDS_MAX = 1.0
# Clients that each wait for their answer, among which the most charges are looked for.
STEPS = (256, 512, 1024, 1536)
CROWD = 6000
NUISANCES = 3000
SAMPLE_SECONDS = 0.25
PEAK = "the peak"

# How many of these keys are known, and their operations succeeded.
_SUCCEEDED = """
    SELECT count(*) FROM unnest($1::text[]) AS asked (key) JOIN idempotency_keys USING (key)
    JOIN operations ON operations.id = operation_id AND status = 'SUCCEEDED'
"""
_KNOWN = "SELECT count(*) FROM unnest($1::text[]) AS asked (key) JOIN idempotency_keys USING (key)"


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement. Memory in MiB, of the API processes together, from its begin to its end."""

    seen: Seen
    seconds: float
    memory: Sequence[float]

    @property
    def goodput(self) -> float:
        """Successes a second."""
        return len(self.seen.succeeded) / self.seconds

    @property
    def answered(self) -> float:
        """Requests a second that were answered, one way or the other."""
        return self.goodput + len(self.seen.refused) / self.seconds


class Overload:
    """Measures one service; what each measurement was told is held against the database."""

    def __init__(self, dsn: str, service: servers.Service, task: Task) -> None:
        self._dsn = dsn
        self._processes = api_processes(service.process_id)
        self._task = task

    def measure(self, **changes: Any) -> Round:
        """One measurement of the task with these changes.

        Raises BenchmarkError where an answer was neither success nor refusal, or not true.
        """
        task = replace(self._task, **changes)
        memory = []
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
            running = processes.submit(run, task)
            while not running.done():
                memory.append(sum(map(resident_mib, self._processes)))
                time.sleep(SAMPLE_SECONDS)
        seen = running.result()
        if seen.first_other:
            raise BenchmarkError(f"Neither success nor refusal:\n{seen.first_other.decode(errors='replace')}")
        asyncio.run(self._check(seen))
        return Round(seen, task.seconds, memory)

    async def _check(self, seen: Seen) -> None:
        acknowledged, refused = (
            [key.decode() for key in keys] for keys in (seen.acknowledged_keys, seen.refused_keys)
        )
        connection = await asyncpg.connect(self._dsn)
        try:
            succeeded = await connection.fetchval(_SUCCEEDED, acknowledged)
            executed = await connection.fetchval(_KNOWN, refused)
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
        if succeeded != len(acknowledged) or executed:
            raise BenchmarkError(
                f"Of {len(acknowledged)} that were acknowledged {succeeded} are in the database; "
                f"of {len(refused)} that were refused, {executed}."
            )


def _phases(clients: int, rate: float, crowd: int, nuisances: int) -> dict[str, dict[str, Any]]:
    many = {"connections": crowd}
    return {
        PEAK: {"connections": clients},
        f"{crowd:,} clients, asking again at once": many,
        f"{crowd:,} clients that honour Retry-After": many | {"manner": Manner.PATIENT},
        f"{rate * TIMES:,.0f} a second arrive at {crowd:,} connections": many
        | {"manner": Manner.OPEN, "rate": rate * TIMES},
        f"beside {nuisances:,} slow or silent ones": {"connections": clients, "nuisances": nuisances},
    }


def _find_peak(overload: Overload) -> tuple[int, float]:
    """With how many clients most charges are done, and how many a second."""
    tried = {clients: overload.measure(connections=clients).goodput for clients in STEPS}
    listed = "; ".join(f"{clients}: {rate:,.0f}" for clients, rate in tried.items())
    print(f"Charges/s by clients that each wait for their answer: {listed}\n", flush=True)
    return max(tried.items(), key=lambda item: item[1])


def _milliseconds(latencies: Sequence[float]) -> str:
    if not latencies:
        return ""
    ordered = sorted(latencies)
    parts = (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1])
    return " / ".join(f"{part * 1000:,.0f}" for part in parts)


def _row(name: str, rounds: Sequence[Round], peaks: Sequence[Round]) -> str:
    """Latencies of all rounds together."""
    ratios = [one.goodput / peak.goodput for one, peak in zip(rounds, peaks, strict=True)]
    cells = [
        name,
        f"{median(one.goodput for one in rounds):,.0f}",
        f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{median(one.answered for one in rounds):,.0f}",
        _milliseconds([latency for one in rounds for latency in one.seen.succeeded]),
        _milliseconds([latency for one in rounds for latency in one.seen.refused]),
        " ".join(f"{one.memory[0]:.0f}-{max(one.memory):.0f}" for one in rounds),
        f"{median(one.seen.cpu for one in rounds):.0%}",
        str(sum(one.seen.lost for one in rounds)),
    ]
    return "| " + " | ".join(cells) + " |"


_HEADER = (
    "| Load | charges/s | of the peak | answered/s | charged, ms | refused, ms | API MiB | client | lost |"
    "\n|---|---|---|---|---|---|---|---|---|"
)


def _missed(results: Mapping[str, Sequence[Round]]) -> list[str]:
    peaks = results[PEAK]
    missed = []
    for name, rounds in results.items():
        ratio = median(one.goodput / peak.goodput for one, peak in zip(rounds, peaks, strict=True))
        refused = sorted(latency for one in rounds for latency in one.seen.refused)
        if ratio < GOODPUT_MIN or (refused and refused[len(refused) * 99 // 100] > REFUSAL_SECONDS_MAX):
            missed.append(name)
    return missed


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5, show_default=True, type=click.IntRange(1), help="Of each measurement.")
@click.option("--workers", default=None, type=click.IntRange(1), help="API processes; default by the cores.")
@click.option(
    "--crowd", default=CROWD, show_default=True, type=click.IntRange(1), help="Connections of overload."
)
@click.option("--nuisances", default=NUISANCES, show_default=True, type=click.IntRange(0))
def main(rounds: int, seconds: int, workers: int | None, crowd: int, nuisances: int) -> None:
    """Goodput at ten times the load, how soon the rest is refused, and what it costs in memory."""
    for name, value in describe().items():
        print(f"{name}: {value}", flush=True)
    population = Population(payers=100_000, merchants=1_000)
    with (
        loaded_database(population) as dsn,
        servers.service(dsn, workers or max(2, cores() * 3 // 4)) as service,
    ):
        overload = Overload(
            dsn,
            service,
            Task(
                service.port, service.secret_key, population, Manner.AT_ONCE, 1, seconds, warm_up_seconds=4.0
            ),
        )
        phases = _phases(*_find_peak(overload), crowd, nuisances)
        results: dict[str, list[Round]] = {name: [] for name in phases}
        for _ in range(rounds):
            for name, changes in phases.items():
                results[name].append(overload.measure(**changes))
        check_invariants(dsn, population)
    print(_HEADER)
    for name, measured in results.items():
        print(_row(name, measured, results[PEAK]))
    if missed := _missed(results):
        print(f"\nBelow {GOODPUT_MIN:.0%} of the peak, or refused later than within a second: {missed}.")


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
