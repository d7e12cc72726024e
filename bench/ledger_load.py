"""The ledger in process: many tasks, each of which submits one charge after the other."""

import asyncio
import itertools
import os
import random
import time

import uvloop

from bench.child import answer, read_task
from bench.measurement import Measurement, of_latencies
from bench.population import FIRST_MERCHANT, FIRST_PAYER, Population, account_id, wallet_id, wallet_token
from ledger.commands import Charge
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.garbage import collect_rarely
from runtime.settings import Settings


class Charges:
    """Makes charges: 1.00 USD from a random payer to a random merchant, under a key that was never used."""

    def __init__(self, population: Population) -> None:
        self._payers = [wallet_token(FIRST_PAYER + number) for number in range(population.payers)]
        merchants = range(FIRST_MERCHANT, FIRST_MERCHANT + population.merchants)
        self._merchants = [(account_id(number), wallet_id(number)) for number in merchants]
        self._key_prefix = os.urandom(8).hex()
        self._numbers = itertools.count(10**11)

    def next(self) -> Charge:
        merchant, till = random.choice(self._merchants)
        return Charge(
            account_id=merchant,
            wallet=random.choice(self._payers),
            amount="1.00",
            currency=None,
            summary="A coffee",
            usual_wallet_id=till,
            idempotency_key=f"{self._key_prefix}{next(self._numbers)}",
        )


async def measure(
    dsn: str, population: Population, tasks: int, seconds: float, warm_up: float
) -> Measurement:
    """Charges for the warm-up and `seconds` after it; every single one has to succeed."""
    settings = Settings(database_url=dsn)
    async with open_pool(dsn, 2) as pool, Ledger.open(settings, dsn, pool) as ledger:
        charges = Charges(population)
        collect_rarely()  # as an API process does
        latencies: list[float] = []
        total = 0
        measured_from = time.perf_counter() + warm_up
        measured_until = measured_from + seconds

        async def charge_on_and_on() -> None:
            nonlocal total
            while (asked_at := time.perf_counter()) < measured_until:
                outcome = await ledger.submit(charges.next())
                answered_at = time.perf_counter()
                if outcome.rejection is not None or outcome.replayed:
                    raise AssertionError(f"A charge did not succeed: {outcome}")
                total += 1
                if measured_from <= answered_at < measured_until:
                    latencies.append(answered_at - asked_at)

        async with asyncio.TaskGroup() as group:
            for _ in range(tasks):
                group.create_task(charge_on_and_on())
            await asyncio.sleep(measured_from - time.perf_counter())
            cpu_from = time.process_time()
            await asyncio.sleep(measured_until - time.perf_counter())
            cpu_seconds = time.process_time() - cpu_from
    return of_latencies(latencies, seconds=seconds, charges_total=total, cpu_seconds=cpu_seconds)


def main() -> None:
    task = read_task()
    population = Population(task["payers"], task["merchants"])
    answer(
        uvloop.run(measure(task["dsn"], population, task["tasks"], task["seconds"], task["warm_up_seconds"]))
    )


if __name__ == "__main__":
    main()
