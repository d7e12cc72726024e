"""A real Prometheus beside a real service: what it scrapes fills the dashboards, and wakes nobody."""

import asyncio
import time
from pathlib import Path

from tests.client import Api
from tests.monitoring.prometheus import SECONDS_MAX, expressions, needs_prometheus, scraping
from tests.running import Service
from tests.service.shop import Shop, open_shop

# Nobody meets a limit here, and nothing fails.
_MAY_BE_EMPTY = ("purser_rate_limited_total", "purser_errors_total")

pytestmark = needs_prometheus


async def _buy(shop: Shop, number: int) -> None:
    for _ in range(2):
        await shop.charge("1.00", idempotencyKey=f"soup-{number}")
    await shop.charge("1000.00")
    await shop.client.withdraw(shop.purse["token"], "1.00")


async def test_panels_have_something_to_show(service: Service, anyone: Api, tmp_path: Path) -> None:
    shop = await open_shop(anyone, "USD", "500.00")
    give_up_at = time.monotonic() + SECONDS_MAX
    number = 0
    with scraping(tmp_path, service.url) as prometheus:
        # A rate needs two scrapes, and a withdrawal its worker.
        while True:
            await _buy(shop, number := number + 1)
            empty = [
                asked
                for asked in expressions()
                if not any(name in asked for name in _MAY_BE_EMPTY)
                and not await asyncio.to_thread(prometheus.ask, asked)
            ]
            if not empty:
                break
            assert time.monotonic() < give_up_at, str(empty)
        rules = prometheus.rules()
        assert not [rule["name"] for rule in rules if rule["state"] == "firing"]
        assert {rule["health"] for rule in rules} == {"ok"}
