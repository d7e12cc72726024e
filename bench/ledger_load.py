"""The ledger in process: many tasks, each of which submits one charge after the other."""

import asyncio
import random
import time
import uuid

import uvloop

from bench.child import answer, read_task
from bench.measurement import Measurement, of_latencies
from bench.population import FIRST_MERCHANT, FIRST_PAYER, Population, account_id, wallet_id, wallet_token
from ledger.commands import Charge
from ledger.service import Ledger
from runtime.database import open_pool
from runtime.settings import Settings


def random_charge(population: Population) -> Charge:
    """1.00 USD from any payer to any merchant, under a key of its own."""
    payer = FIRST_PAYER + random.randrange(population.payers)
    merchant = FIRST_MERCHANT + random.randrange(population.merchants)
    return Charge(
        account_id=account_id(merchant),
        wallet=wallet_token(payer),
        amount="1.00",
        currency=None,
        summary="A coffee",
        usual_wallet_id=wallet_id(merchant),
        idempotency_key=uuid.uuid4().hex,
    )


async def measure(
    dsn: str, population: Population, tasks: int, seconds: float, warm_up: float
) -> Measurement:
    """Charges for the warm-up and `seconds` after it; every single one has to succeed."""
    settings = Settings(database_url=dsn)
    async with open_pool(dsn, 2) as pool, Ledger.open(settings, dsn, pool) as ledger:
        latencies: list[float] = []
        total = 0
        measured_from = time.perf_counter() + warm_up
        measured_until = measured_from + seconds

        async def charge_on_and_on() -> None:
            nonlocal total
            while (asked_at := time.perf_counter()) < measured_until:
                outcome = await ledger.submit(random_charge(population))
                answered_at = time.perf_counter()
                if outcome.rejection is not None or outcome.replayed:
                    raise AssertionError(f"A charge did not succeed: {outcome}")
                total += 1
                if measured_from <= answered_at < measured_until:
                    latencies.append(answered_at - asked_at)

        async with asyncio.TaskGroup() as group:
            for _ in range(tasks):
                group.create_task(charge_on_and_on())
    return of_latencies(latencies, seconds=seconds, charges_total=total)


def main() -> None:
    task = read_task()
    population = Population(task["payers"], task["merchants"])
    answer(
        uvloop.run(measure(task["dsn"], population, task["tasks"], task["seconds"], task["warm_up_seconds"]))
    )


if __name__ == "__main__":
    main()
