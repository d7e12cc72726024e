"""What one run consists of: the measurements, their order, and the checks between them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace

from bench import child, pgbench, servers
from bench.database import BenchmarkError, check_invariants, checkpoint_and_count
from bench.measurement import Measurement, together
from bench.pgbench import Setup
from bench.population import Population

MIXES = ("spread", "hot")
BULK_CONNECTIONS = 8
BARE_ROUTE = "Bare route, no database"
QUEUED, UNQUEUED, ONE_PGBENCH = "one: ledger", "one: ledger, no queue", "one: pgbench"


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured."""

    rounds: int
    seconds: int
    warm_up_seconds: float
    population: Population
    clients: tuple[int, ...]
    search_seconds: int
    search_passes: int
    ledger_tasks: int
    workers: int
    connections: int


QUICK = {
    "rounds": 1,
    "seconds": 1,
    "warm_up_seconds": 0.2,
    "population": Population(payers=1000, merchants=20),
    "clients": (8,),
    "ledger_tasks": 100,
    "connections": 16,
    "search_seconds": 1,
    "search_passes": 1,
}


def quick(options: Options) -> Options:
    """A smoke test of the same shape: its figures mean nothing."""
    return replace(options, **QUICK)  # type: ignore[arg-type]


class Run:
    """Measures on one loaded database; `results` has one measurement a round for each name."""

    def __init__(self, dsn: str, options: Options) -> None:
        self._dsn = dsn
        self._options = options
        self.best: dict[str, Setup] = {}
        self.results: dict[str, list[Measurement]] = {}

    def find_best(self) -> None:
        """Finds for each mix how pgbench is fastest, and says what was tried."""
        options = self._options
        for mix in MIXES:
            best, tried = pgbench.find_best(
                self._dsn,
                self._population(mix),
                options.clients,
                seconds=options.search_seconds,
                passes=options.search_passes,
            )
            self.best[mix] = best
            listed = "; ".join(f"{setup}: {rate:,.0f}" for setup, rate in tried.items())
            print(f"pgbench {mix}, charges/s: {listed}\n  best: {best}", flush=True)

    def run(self) -> None:
        """All rounds. Raises BenchmarkError where anything is not as it should be."""
        options = self._options
        with ExitStack() as stack:
            # Connections are not spread evenly over processes, and none of what is measured here is to be refused.
            places = str(options.connections)
            service = stack.enter_context(
                servers.service(self._dsn, options.workers, PURSER_REQUESTS_MAX=places)
            )
            bare_port = stack.enter_context(servers.bare_route(options.workers))
            for number in range(1, options.rounds + 1):
                for names, measure in self._measurements(service.port, service.secret_key, bare_port):
                    self._note(names, measure)
                checked = check_invariants(self._dsn, options.population)
                print(
                    f"Round {number}: entries sum to zero, {checked} balances are the sums of their entries.",
                    flush=True,
                )

    def _note(self, names: tuple[str, ...], measure: Callable[[], list[Measurement]]) -> None:
        before = checkpoint_and_count(self._dsn)
        measured = measure()
        written = checkpoint_and_count(self._dsn) - before
        reported = 0 if names == (BARE_ROUTE,) else sum(one.charges_total for one in measured)
        if written != reported:
            raise BenchmarkError(
                f"{names[0]}: {reported} operations were reported, {written} are in the database."
            )
        for name, one in zip(names, measured, strict=True):
            self.results.setdefault(name, []).append(one)
            print(f"  {name}: {one.charges_per_second:,.0f} charges/s", flush=True)

    def _measurements(
        self, port: int, secret_key: str, bare_port: int
    ) -> Iterator[tuple[tuple[str, ...], Callable[[], list[Measurement]]]]:
        for mix in MIXES:
            population = self._population(mix)
            yield (f"pgbench, {mix}",), lambda: [self._pgbench(population, self.best[mix])]  # noqa: B023
            by_statement = Setup("statements", self.best[mix].clients)
            yield (f"statements, {mix}",), lambda: [self._pgbench(population, by_statement)]  # noqa: B023
            yield (f"ledger, {mix}",), lambda: self._ledger(population, 1)  # noqa: B023
            yield (f"ledgers, {mix}",), lambda: self._ledger(population, self._options.workers)  # noqa: B023
            yield (f"HTTP, {mix}",), lambda: self._http(population, port, secret_key)  # noqa: B023
        spread = self._population("spread")
        for kind in ("deposit", "transfer", "bulk"):
            yield (f"HTTP {kind}, spread",), lambda: self._http(spread, port, secret_key, kind)  # noqa: B023
        yield (BARE_ROUTE,), lambda: self._http(spread, bare_port, secret_key)
        yield (QUEUED, UNQUEUED), lambda: self._one_at_a_time(spread)
        yield (ONE_PGBENCH,), lambda: [self._pgbench(spread, Setup(self.best["spread"].script, 1))]

    def _population(self, mix: str) -> Population:
        return self._options.population if mix == "spread" else self._options.population.hot()

    def _pgbench(self, population: Population, setup: Setup) -> Measurement:
        return pgbench.run(self._dsn, population, setup, self._options.seconds)

    def _ledger(self, population: Population, processes: int) -> list[Measurement]:
        tasks = self._options.ledger_tasks // processes
        with ThreadPoolExecutor(processes) as side_by_side:
            started = [
                side_by_side.submit(self._child, "bench.ledger_load", population, dsn=self._dsn, tasks=tasks)
                for _ in range(processes)
            ]
            return [together([one for process in started for one in process.result()])]

    def _http(
        self, population: Population, port: int, secret_key: str, kind: str = "charge"
    ) -> list[Measurement]:
        # Many in one request need few who ask.
        connections = BULK_CONNECTIONS if kind == "bulk" else self._options.connections
        return self._child(
            "bench.http_load",
            population,
            port=port,
            secret_key=secret_key,
            connections=connections,
            kind=kind,
        )

    def _one_at_a_time(self, population: Population) -> list[Measurement]:
        return self._child("bench.one_at_a_time", population, dsn=self._dsn)

    def _child(self, module: str, population: Population, **more: object) -> list[Measurement]:
        options = self._options
        task = {
            "payers": population.payers,
            "merchants": population.merchants,
            "seconds": options.seconds,
            "warm_up_seconds": options.warm_up_seconds,
            **more,
        }
        return child.run(module, task, seconds=options.seconds + options.warm_up_seconds)
