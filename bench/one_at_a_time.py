"""One charge at a time: through the ledger's queue, and by the same writer without it, in turns."""

import time
from collections.abc import Awaitable, Callable

import uvloop
from uuid_utils.compat import uuid7

from bench.child import answer, read_task
from bench.ledger_load import Charges
from bench.measurement import Measurement, of_latencies
from bench.population import Population
from ledger.commands import Charge
from ledger.currencies import CurrencyBook
from ledger.executor import Executor
from ledger.outcomes import Outcome
from ledger.requests import Bundle, Request
from ledger.service import Ledger
from ledger.system_wallets import SystemWallets
from ledger.watching import BatchReport
from runtime.database import connect_writer, open_pool
from runtime.settings import Settings

CHARGES_A_TURN = 50
TURNS_OF_WARM_UP = 2


async def measure(dsn: str, population: Population, seconds: float) -> tuple[Measurement, Measurement]:
    """What a charge takes with the coalescer and without it, each measured for half of the time."""
    settings = Settings(database_url=dsn)
    async with open_pool(dsn, 2) as pool, Ledger.open(settings, dsn, pool) as ledger:
        currencies = CurrencyBook(settings.max_amounts)
        charges = Charges(population)
        executor = Executor(lambda: connect_writer(dsn), currencies, SystemWallets(0))

        async def alone(command: Charge) -> Outcome:
            report = BatchReport([Bundle((Request(command, uuid7()),))], [], left_waiting=0)
            await executor.execute(report)
            (answer_,) = report.answers
            if isinstance(answer_, Exception) or not isinstance(answer_[0], Outcome):
                raise AssertionError(f"A charge did not succeed: {answer_}")
            return answer_[0]

        ways: tuple[Callable[[Charge], Awaitable[Outcome]], ...] = (ledger.submit, alone)
        turns: tuple[list[float], list[float]] = ([], [])
        for _ in range(TURNS_OF_WARM_UP):
            for way in ways:
                await _take_turn(way, charges)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for way, latencies in zip(ways, turns, strict=True):
                latencies += await _take_turn(way, charges)
        await executor.close()
    warm_up = TURNS_OF_WARM_UP * CHARGES_A_TURN
    through, without = (
        of_latencies(latencies, seconds=sum(latencies), charges_total=len(latencies) + warm_up)
        for latencies in turns
    )
    return through, without


async def _take_turn(charge: Callable[[Charge], Awaitable[Outcome]], charges: Charges) -> list[float]:
    latencies = []
    for _ in range(CHARGES_A_TURN):
        command = charges.next()
        asked_at = time.perf_counter()
        outcome = await charge(command)
        latencies.append(time.perf_counter() - asked_at)
        if outcome.rejection is not None:
            raise AssertionError(f"A charge did not succeed: {outcome}")
    return latencies


def main() -> None:
    task = read_task()
    population = Population(task["payers"], task["merchants"])
    answer(*uvloop.run(measure(task["dsn"], population, task["seconds"])))


if __name__ == "__main__":
    main()
