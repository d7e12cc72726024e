"""What waits in the database, as Prometheus sees it: counted by whoever answers, left out where nobody can know."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from ledger.backlog import COUNT_SECONDS_MAX, REMEMBERED_SECONDS
from tests.client import Api
from tests.databases import copy_database
from tests.running import Service, running_service
from tests.runtime.processes import psql, wait_until
from tests.scraping import Page, scrape, scrape_until
from tests.service.shop import Shop, succeeded
from tests.workers.banks import running_bank
from tests.workers.running import Worker, running_worker

# What is looked up in the database.
LOOKED_UP = {
    "purser_queued_operations",
    "purser_queued_operations_oldest_seconds",
    "purser_withdrawals",
    "purser_withdrawals_oldest_seconds",
    "purser_partitions_ahead_seconds",
}
TOLD_BY_WORKER = "The worker tells how it is on "


@pytest.fixture(scope="module")
def service(template_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """On a database that is not its own, so that it brings no worker along."""
    settings = {"PURSER_DATABASE_URL": copy_database(template_dsn, "metrics_later")}
    with running_service(tmp_path_factory.mktemp("metrics-later"), workers=2, settings=settings) as service:
        yield service


@pytest.fixture(scope="module")
def dsn(service: Service) -> str:
    return service.dsn


def url_told_by(worker: Worker) -> str:
    wait_until(lambda: TOLD_BY_WORKER in worker.said, "the worker says where it answers")
    return worker.said.partition(TOLD_BY_WORKER)[2].partition('"')[0]


async def test_the_queue_and_withdrawals_with_their_ages(
    service: Service, shop: Shop, tmp_path: Path
) -> None:
    http = shop.client.http
    for amount in ("1", "2", "5000"):
        assert (await shop.charge(amount, queued=True))["operation"]["status"] == "PENDING"
    for _ in range(2):
        await shop.client.withdraw(shop.purse["token"], "3")

    def waits(page: Page) -> bool:
        ages = [page.value("purser_queued_operations_oldest_seconds")]
        ages += [page.value("purser_withdrawals_oldest_seconds", state="PENDING")]
        return page.value("purser_queued_operations") == 3 and all(age > 0 for age in ages)

    page = await scrape_until(http, waits, "three operations and two withdrawals wait")
    assert page.value("purser_withdrawals", state="PENDING") == page.value("purser_withdrawals") == 2
    assert page.value("purser_withdrawals_oldest_seconds", state="UNKNOWN") == 0
    # The three months after this one at least.
    assert 89 * 86_400 < page.value("purser_partitions_ahead_seconds") < 125 * 86_400

    with running_bank(tmp_path, success_rate=1) as bank:
        settings = {"DATABASE_URL": service.dsn, "PURSER_BANK_URL": bank.url, "PURSER_WORKER_PORT": "0"}
        with running_worker(tmp_path, **settings) as worker:
            async with httpx.AsyncClient(base_url=url_told_by(worker), timeout=20) as of_worker:
                await _until_all_is_done(of_worker)
                assert (await of_worker.get("/health/live")).json() == {"status": "live"}
                assert (await of_worker.get("/graphql")).status_code == 404
                assert worker.stop() == 0
                with pytest.raises(httpx.ConnectError):
                    await of_worker.get("/metrics")
    await scrape_until(http, lambda page: page.value("purser_queued_operations") == 0, "the API sees it too")


async def _until_all_is_done(of_worker: httpx.AsyncClient) -> None:
    def is_done(page: Page) -> bool:
        return page.value("purser_queued_operations") == page.value("purser_withdrawals") == 0

    await scrape_until(of_worker, is_done, "all is done")
    page = await scrape_until(
        of_worker,
        lambda page: page.value("purser_withdrawal_attempts_total", result="paid") == 2,
        "two attempts were paid",
    )
    assert page.value("purser_withdrawal_attempts_total") == 2
    assert page.value("purser_bank_call_seconds_count", call="pay", result="PAID") == 2
    assert page.value("purser_operations_total", kind="CHARGE", status="SUCCEEDED") == 2
    assert page.value("purser_operations_total", kind="CHARGE", status="FAILED") == 1
    assert page.value("purser_operations_total", kind="WITHDRAWAL", status="SUCCEEDED") == 2
    # Nobody waits for its answer: this is where it is told.
    assert page.value("purser_refusals_total", code="INSUFFICIENT_FUNDS") == 1
    # What waited in the database waited in no queue of the worker's: only the two that the bank has paid did.
    assert page.value("purser_queue_wait_seconds_count") == 2
    assert page.value("purser_memory_bytes", process="worker") > 40e6
    assert page.values_of("purser_memory_bytes", "process") == {"worker"}


def test_a_worker_whose_port_is_taken_says_so(service: Service, tmp_path: Path) -> None:
    taken = service.url.rpartition(":")[2]
    with running_worker(tmp_path, DATABASE_URL=service.dsn, PURSER_WORKER_PORT=taken) as worker:
        assert worker.process.wait(30) == 1
        assert worker.said.splitlines()[-1].startswith(f"Error: Can't listen on 127.0.0.1 port {taken}: ")
        assert "PURSER_WORKER_PORT" in worker.said


async def test_a_worker_that_is_asked_a_lot_still_stops(service: Service, tmp_path: Path) -> None:
    with running_worker(tmp_path, DATABASE_URL=service.dsn, PURSER_WORKER_PORT="0") as worker:
        url = url_told_by(worker)
        port = int(url.rpartition(":")[2])
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(30)]
        # More connections than it keeps: who comes now is told so at once.
        async with httpx.AsyncClient(base_url=url, timeout=5) as http:
            assert (await http.get("/metrics")).status_code == 503
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.process.wait, 20) == 0
        for _, writer in idle:
            writer.close()


async def test_a_database_that_hangs_is_not_waited_for(
    anyone: Api, connection: asyncpg.Connection, service: Service
) -> None:
    await scrape_until(anyone.http, lambda page: page.families().keys() >= LOOKED_UP, "all is well")
    async with connection.transaction():
        await connection.execute("LOCK TABLE queued_operations IN ACCESS EXCLUSIVE MODE")
        await asyncio.sleep(REMEMBERED_SECONDS)
        asked_at = time.monotonic()
        page = await scrape_until(
            anyone.http, lambda page: not page.families().keys() & LOOKED_UP, "it is left out"
        )
        # Many times what one look takes.
        assert time.monotonic() - asked_at < 5 * COUNT_SECONDS_MAX
        assert "purser_operations_total" in page.families()
    await scrape_until(anyone.http, lambda page: page.families().keys() >= LOOKED_UP, "it is there again")


async def test_without_a_database_the_counters_are_told(shop: Shop, dsn: str, template_dsn: str) -> None:
    http = shop.client.http
    assert succeeded(await shop.charge("1"))
    with unreachable(dsn, template_dsn):
        page = await scrape_until(http, lambda page: not page.families().keys() & LOOKED_UP, "it is left out")
        assert page.value("purser_operations_total", kind="CHARGE", status="SUCCEEDED") >= 1
        answer = await shop.company.ask(f'{{ wallet(token: "{shop.till["token"]}") {{ id }} }}')
        (code,) = answer.error_codes
        await scrape_until(http, lambda page: page.value("purser_errors_total", code=code) >= 1, "it counts")
        page = await scrape(http)
        assert page.value("purser_request_duration_seconds_count", outcome="error") >= 1


@contextmanager
def unreachable(dsn: str, template_dsn: str) -> Iterator[None]:
    """Nobody gets into the database any more, and who is in goes out."""
    name = urlsplit(dsn).path.lstrip("/")
    # The template's server has a database for people as well.
    elsewhere = template_dsn.replace(urlsplit(template_dsn).path + "?", "/postgres?")
    psql(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    psql(elsewhere, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        yield
    finally:
        psql(elsewhere, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
