"""`python -m bench.overload`: ten times what the service can do, and clients that only take its connections."""

import asyncio
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import asyncpg
import click

from bench import servers
from bench.crowd import Manner, Seen, Task, run
from bench.database import BenchmarkError, check_invariants, loaded_database
from bench.machine import cores, describe
from bench.population import Population

TIMES = 10
TOLERANT = False
GOODPUT_MIN = 0.8
REFUSAL_SECONDS_MAX = 1.0
# Clients that each wait for an answer, among which the peak is looked for.
STEPS = (32, 64, 128, 256, 512)
OPEN_CONNECTIONS = 6000
NUISANCES = 3000
SAMPLE_SECONDS = 0.25
CHILD_SECONDS_EXTRA = 120

# Those that were acknowledged and succeeded, and those that were refused and are known all the same.
_FOUND = """
    SELECT count(*) FROM unnest($1::text[]) AS asked (key) JOIN idempotency_keys USING (key)
    JOIN operations ON operations.id = operation_id AND status = 'SUCCEEDED'
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One measurement of one round. Memory: of the API processes together, in MiB."""

    seen: Seen
    seconds: float
    memory_begin_mib: float
    memory_max_mib: float
    memory_end_mib: float
    cores: float

    @property
    def goodput(self) -> float:
        return len(self.seen.succeeded) / self.seconds

    @property
    def refused(self) -> float:
        return len(self.seen.refused) / self.seconds


class Overload:
    """Measures one service. Every measurement ends with what the database knows of its requests."""

    def __init__(self, dsn: str, service: servers.Service, task: Task) -> None:
        self._dsn = dsn
        self._processes = api_processes(service.process_id)
        self._task = task

    def find_peak(self) -> tuple[int, float]:
        """With how many clients most is done, and how much, a second."""
        tried = {}
        for connections in STEPS:
            tried[connections] = self.measure(manner=Manner.AT_ONCE, connections=connections).goodput
        listed = "; ".join(f"{connections}: {rate:,.0f}" for connections, rate in tried.items())
        print(f"Charges/s by clients that each wait for their answer: {listed}", flush=True)
        return max(tried.items(), key=lambda item: item[1])

    def measure(self, **changes: object) -> Round:
        """One measurement. Raises BenchmarkError where an answer was no success and no refusal, or untrue."""
        task = replace(self._task, **changes)  # type: ignore[arg-type]
        memory = []
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as processes:
            running = processes.submit(run, task)
            before, cpu_before = time.perf_counter(), sum(map(cpu_seconds, self._processes))
            while not running.done():
                memory.append(sum(map(resident_mib, self._processes)))
                time.sleep(SAMPLE_SECONDS)
            cores_used = (sum(map(cpu_seconds, self._processes)) - cpu_before) / (
                time.perf_counter() - before
            )
            seen = running.result()
        if seen.first_other and not TOLERANT:
            raise BenchmarkError(f"Neither success nor refusal:\n{seen.first_other.decode(errors='replace')}")
        asyncio.run(self._check(seen))
        return Round(seen, task.seconds, memory[0], max(memory), memory[-1], cores_used)

    async def _check(self, seen: Seen) -> None:
        connection = await asyncpg.connect(self._dsn)
        try:
            known, executed = [
                await connection.fetchval(_FOUND, [key.decode() for key in keys])
                for keys in (seen.acknowledged_keys, seen.refused_keys)
            ]
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()
        if known != len(seen.acknowledged_keys) or executed:
            raise BenchmarkError(
                f"{len(seen.acknowledged_keys)} were acknowledged, of which {known} are in the database; "
                f"{len(seen.refused_keys)} were refused, of which {executed} are there."
            )


def api_processes(launcher: int) -> list[int]:
    """The launcher's API processes, by process id."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return [int(pid) for pid in children if b"api-process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def cpu_seconds(process: int) -> float:
    """What it has used of any core since it began."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(process: int) -> float:
    """What it has in memory."""
    line = next(
        line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1]) / 1024


def _milliseconds(latencies: Sequence[float]) -> str:
    if not latencies:
        return ""
    ordered = sorted(latencies)
    parts = (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1])
    return " / ".join(f"{part * 1000:,.0f}" for part in parts)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5, show_default=True, type=click.IntRange(1), help="Of each measurement.")
@click.option("--workers", default=None, type=click.IntRange(1), help="API processes; default by the cores.")
@click.option("--quick", "is_quick", is_flag=True, help="A smoke test; its figures mean nothing.")
def main(rounds: int, seconds: int, workers: int | None, is_quick: bool) -> None:
    """Goodput at ten times the load, how fast the rest is refused, and what it costs in memory."""
    population = Population(payers=100_000, merchants=1_000)
    for name, value in describe().items():
        print(f"{name}: {value}", flush=True)
    with (
        loaded_database(population) as dsn,
        servers.service(dsn, workers or max(2, cores() * 3 // 4)) as service,
    ):
        task = Task(
            service.port, service.secret_key, population, Manner.AT_ONCE, 0, seconds, warm_up_seconds=1.5
        )
        overload = Overload(dsn, service, task)
        clients, rate = overload.find_peak()
        phases = {
            f"{clients} clients, the peak": {"connections": clients},
            f"{clients * TIMES} clients, each again at once": {"connections": clients * TIMES},
            f"{clients * TIMES} clients that honour Retry-After": {
                "connections": clients * TIMES,
                "manner": Manner.PATIENT,
            },
            f"{rate * TIMES:,.0f} a second, on {OPEN_CONNECTIONS:,} connections": {
                "connections": OPEN_CONNECTIONS,
                "manner": Manner.OPEN,
                "rate": rate * TIMES,
            },
            f"{clients} clients beside {NUISANCES:,} nuisances": {
                "connections": clients,
                "nuisances": NUISANCES,
            },
        }
        results = {name: [] for name in phases}
        for number in range(rounds):
            for name, changes in phases.items():
                measured = overload.measure(**changes)
                results[name].append(measured)
                print(
                    f"{name}: {measured.goodput:,.0f}/s, refused {measured.refused:,.0f}/s, "
                    f"{_milliseconds(measured.seen.succeeded)} ms, refused {_milliseconds(measured.seen.refused)} ms, "
                    f"lost {measured.seen.lost}, cpu {measured.seen.cpu:.2f}, "
                    f"memory {measured.memory_begin_mib:.0f} {measured.memory_max_mib:.0f} {measured.memory_end_mib:.0f}",
                    flush=True,
                )
        check_invariants(dsn, population)


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
