"""A till that charges without a pause and keeps books of its own, as a shop does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.crashes.retrying import Told, charge_by_key
from tests.service.shop import Shop

CUSTOMERS = 5


@dataclass(slots=True)
class Till:
    """Charges of 0.01, each with its summary as key."""

    shop: Shop
    told: Told = field(default_factory=Told)
    _number: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Customers come and go until the end of the block; then every charge has its answer."""
        closing = asyncio.Event()

        async def serve() -> None:
            while not closing.is_set():
                self._number += 1
                await self._charge(f"sale-{self._number}")

        async with asyncio.TaskGroup() as customers:
            for _ in range(CUSTOMERS):
                customers.create_task(serve())
            yield
            closing.set()

    async def send_again(self, shop: Shop) -> Told:
        """Everything that it has sold, asked for again by the same keys, and what it is told now."""
        till = Till(shop)
        for summary in list(self.told.acknowledged):
            await till._charge(summary)
        return till.told

    async def sold(self, count: int) -> None:
        """Returns once that many more were sold."""
        wanted = len(self.told.acknowledged) + count
        while len(self.told.acknowledged) < wanted:
            await asyncio.sleep(0.01)

    async def _charge(self, summary: str) -> None:
        await charge_by_key(self.shop.company, self.shop.purse["token"], "0.01", summary, self.told)
