"""What PostgreSQL itself does: the rows of one charge by pgbench, one transaction a charge.

A fair opponent: three ways to write the transaction, of which the fastest is taken, at the number of clients
that suits it best, found anew for each mix.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.database import BenchmarkError
from bench.machine import cores
from bench.measurement import Measurement
from bench.population import Population
from runtime.postgresql_binaries import environment, program

SCRIPTS = ("statements", "one_statement", "function")
RUN_SECONDS_EXTRA = 60
CLIENTS_OF_FIRST_TRY = 16


@dataclass(frozen=True, slots=True)
class Setup:
    """One way to run it: a script of this folder and a number of clients."""

    script: str
    clients: int

    def __str__(self) -> str:
        return f"{self.script}, {self.clients} clients"


def run(dsn: str, population: Population, setup: Setup, seconds: int) -> Measurement:
    """Charges for `seconds`. Raises BenchmarkError where a transaction failed."""
    command = [
        program("pgbench"),
        "--no-vacuum",
        "--protocol=prepared",
        f"--client={setup.clients}",
        f"--jobs={min(setup.clients, cores())}",
        f"--time={seconds}",
        f"--define=payers={population.payers}",
        f"--define=merchants={population.merchants}",
        f"--file={Path(__file__).with_name(f'pgbench_{setup.script}.sql')}",
        dsn,
    ]
    done = subprocess.run(
        command,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds + RUN_SECONDS_EXTRA,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"pgbench failed:\n{done.stderr}")
    if _read(r"number of failed transactions: (\d+)", done.stdout) != 0:
        raise BenchmarkError(f"pgbench had failed transactions:\n{done.stdout}")
    return Measurement(
        charges_per_second=_read(r"tps = ([\d.]+)", done.stdout),
        charges_total=int(_read(r"transactions actually processed: (\d+)", done.stdout)),
        latency_mean_ms=_read(r"latency average = ([\d.]+) ms", done.stdout),
    )


def _read(pattern: str, report: str) -> float:
    found = re.search(pattern, report)
    if found is None:
        raise BenchmarkError(f"pgbench reported no {pattern!r}:\n{report}")
    return float(found[1])


def find_best(
    dsn: str, population: Population, clients: Sequence[int], *, seconds: int, passes: int
) -> tuple[Setup, dict[Setup, float]]:
    """The fastest setup and what was tried, in charges a second: first each script, then each client count."""
    tried: dict[Setup, float] = {}

    def fastest(setups: Sequence[Setup]) -> Setup:
        # In turns, and the best one counts: what disturbs a measurement never makes it faster.
        for setup in (*setups,) * passes:
            rate = run(dsn, population, setup, seconds).charges_per_second
            tried[setup] = max(rate, tried.get(setup, 0.0))
        return max(tried, key=tried.__getitem__)

    best = fastest([Setup(script, min(CLIENTS_OF_FIRST_TRY, max(clients))) for script in SCRIPTS])
    if len(clients) > 1:
        best = fastest([Setup(best.script, count) for count in clients])
    return best, tried
