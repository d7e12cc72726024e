"""GET /metrics of a service of two API processes and a worker: what was done is what is told."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import httpx
import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from runtime.http.metrics import NAMES_MAX, OTHER
from runtime.settings import Settings
from tests.client import Api
from tests.running import Service
from tests.runtime.launching import command_of
from tests.scraping import Page, scrape, scrape_all, scrape_until
from tests.service.shop import Shop, refusal, succeeded

CHARGES, REFUSED, AT_ONCE = 60, 7, 20


def processes_of(service: Service, command: str) -> dict[int, Path]:
    """The process ids of the launcher's processes of that command, with the folder in which they count."""
    launcher = service.process.pid
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return {pid: _folder_of(pid) for pid in map(int, children) if command in command_of(pid)}


def _folder_of(pid: int) -> Path:
    variables = dict(
        pair.split("=", 1) for pair in Path(f"/proc/{pid}/environ").read_text().split("\0") if pair
    )
    return Path(variables["PROMETHEUS_MULTIPROC_DIR"])


async def each_on_its_own_connection(service: Service, api: Api, query: str, times: int) -> None:
    """So that all processes get some of them."""
    limits = httpx.Limits(max_keepalive_connections=0)
    one_in_turn = asyncio.Semaphore(AT_ONCE)

    async with httpx.AsyncClient(base_url=service.url, timeout=20, limits=limits) as http:

        async def ask(number: int) -> None:
            async with one_in_turn:
                answer = await Api(http, api.token).ask(query.replace("<number>", str(number)))
                assert answer.status == 200

        await asyncio.gather(*(ask(number) for number in range(times)))


def charge_of(shop: Shop, amount: str) -> str:
    inputs = f'{{ wallet: "{shop.purse["token"]}", amount: "{amount}", summary: "A coffee" }}'
    return f"mutation {{ charge(input: {inputs}) {{ operation {{ status }} userErrors {{ code }} }} }}"


async def test_the_sums_are_right_across_processes(service: Service, shop: Shop) -> None:
    http = shop.client.http
    before = await scrape_all(http)
    await each_on_its_own_connection(service, shop.company, charge_of(shop, "1.50"), CHARGES)
    await each_on_its_own_connection(service, shop.company, charge_of(shop, "5000"), REFUSED)
    for _ in range(3):
        assert succeeded(await shop.charge("2", idempotencyKey="again"))
    assert refusal(await shop.charge("3", idempotencyKey="again"))[0] == "IDEMPOTENCY_CONFLICT"
    nobody = Api(http)
    assert (await nobody.ask("{ wallets { edges { node { id } } } }")).error_codes == ["UNAUTHENTICATED"]
    all_charges = CHARGES + REFUSED + 4

    def more(page: Page, sample: str, **labels: str) -> float:
        return page.value(sample, **labels) - before.value(sample, **labels)

    def requests(page: Page) -> float:
        return more(page, "purser_request_duration_seconds_count", operation="charge", outcome="ok")

    page = await scrape_until(http, lambda page: requests(page) == all_charges, "all charges are counted")
    page = await scrape_until(
        http, lambda page: more(page, "purser_batch_size_sum") == all_charges, "all batches are counted"
    )
    assert more(page, "purser_operations_total", kind="CHARGE", status="SUCCEEDED") == CHARGES + 1
    assert more(page, "purser_operations_total", kind="CHARGE", status="FAILED") == REFUSED
    assert more(page, "purser_amount_total", kind="CHARGE", currency="USD") == CHARGES * 1.5 + 2
    assert more(page, "purser_refusals_total") == REFUSED + 1
    assert more(page, "purser_refusals_total", code="INSUFFICIENT_FUNDS") == REFUSED
    assert more(page, "purser_refusals_total", code="IDEMPOTENCY_CONFLICT") == 1
    assert more(page, "purser_replays_total") == 2
    assert more(page, "purser_errors_total") == more(page, "purser_errors_total", code="UNAUTHENTICATED") == 1
    failed = {"operation": "wallets", "outcome": "client_error"}
    assert more(page, "purser_request_duration_seconds_count", **failed) == 1
    assert more(page, "purser_queue_wait_seconds_count") == all_charges
    batches = more(page, "purser_batch_seconds_count")
    assert 0 < batches <= all_charges
    for step in ("claim", "lock", "decide", "write", "commit"):
        assert more(page, "purser_batch_step_seconds_count", step=step) == batches
    (folder,) = set(processes_of(service, "api-process").values())
    parts = [_charges_in(folder / f"histogram_api-process-{place}.db") for place in (0, 1)]
    assert sum(parts) == page.value("purser_request_duration_seconds_count", operation="charge")
    assert all(parts), "one process had them all"


def _charges_in(file: Path) -> float:
    return sum(
        sample.value
        for metric in MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
        for sample in metric.samples
        if sample.name == "purser_request_duration_seconds_count" and sample.labels["operation"] == "charge"
    )


async def test_each_kind_of_process_tells_of_itself(anyone: Api) -> None:
    page = await scrape_until(
        anyone.http,
        lambda page: page.value("purser_event_loop_lag_seconds_count", loop="duties") > 0,
        "the worker, which starts last, has been at work for a moment",
    )
    assert page.value("purser_event_loop_lag_seconds_count", loop="requests") > 0
    assert page.value("purser_event_loop_lag_seconds_count", loop="writers") > 0
    assert page.value("purser_memory_bytes", process="api") > 2 * 40e6
    assert page.value("purser_memory_bytes", process="worker") > 40e6
    pool_max = Settings().database_pool_max
    assert page.value("purser_database_connections_max", pool="ledger") == 3 * pool_max
    assert page.value("purser_database_connections_max", pool="models") == 2 * pool_max
    assert 3 <= page.value("purser_database_connections", pool="ledger") <= 3 * pool_max


async def test_log_ins_are_counted(anyone: Api) -> None:
    before = await scrape_all(anyone.http)
    email = "counted@example.com"
    await anyone.sign_up_client(email=email)
    log_in = "mutation ($input: LogInInput!) { logIn(input: $input) { token } }"
    assert (await anyone.ask(log_in, input={"email": email, "password": "correct-horse-9"})).data["logIn"][
        "token"
    ]
    for _ in range(5):
        await anyone.ask(log_in, input={"email": email, "password": "a wrong one"})
    assert (await anyone.ask(log_in, input={"email": email, "password": "x"})).error_codes == ["RATE_LIMITED"]
    expected = {"ok": 1, "bad_credentials": 5, "rate_limited": 1, "overloaded": 0, "error": 0}

    def more(page: Page) -> dict[str, float]:
        return {
            outcome: page.value("purser_logins_total", outcome=outcome)
            - before.value("purser_logins_total", outcome=outcome)
            for outcome in expected
        }

    page = await scrape_until(anyone.http, lambda page: more(page) == expected, "the log-ins are counted")
    limited = {"operation": "logIn", "outcome": "rate_limited"}
    await scrape_until(
        anyone.http,
        lambda page: page.value("purser_request_duration_seconds_count", **limited) == 1,
        "so is the request",
    )
    assert page.value("purser_refusals_total", code="BAD_CREDENTIALS") >= 5


async def test_a_request_under_way_is_told(service: Service, anyone: Api) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    await scrape_until(
        anyone.http, lambda page: page.value("purser_requests_in_progress") == 1, "one request is under way"
    )
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    await scrape_until(
        anyone.http, lambda page: page.value("purser_requests_in_progress") == 0, "none is any more"
    )
    del reader


async def test_prometheus_asks_by_the_address(anyone: Api) -> None:
    elsewhere = {"Host": "10.1.2.3:8000"}
    assert (await anyone.http.get("/metrics", headers=elsewhere)).status_code == 200
    assert (await anyone.http.get("/metricsx", headers=elsewhere)).status_code == 400
    assert (await anyone.http.get("/status", headers=elsewhere)).status_code == 400
    assert (await anyone.http.post("/metrics")).status_code == 405


async def test_prometheus_is_content_with_the_page(anyone: Api) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    page = await scrape(anyone.http)
    checked = await asyncio.to_thread(
        subprocess.run,
        [promtool, "check", "metrics"],
        input=page.text,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


async def kill_and_await_another(service: Service) -> None:
    """Its gauges go with it, and come back with the one that takes its place."""
    sample, pool_max = "purser_database_connections_max", Settings().database_pool_max
    os.kill(next(iter(processes_of(service, "api-process"))), signal.SIGKILL)
    # Before that the connection might be given to the one that dies.
    await asyncio.sleep(0.2)
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        await scrape_until(http, lambda page: page.value(sample, pool="models") == pool_max, "one is left")
        await scrape_until(
            http, lambda page: page.value(sample, pool="models") == 2 * pool_max, "two are there"
        )


async def test_a_killed_process_takes_nothing_with_it(service: Service, shop: Shop) -> None:
    http = shop.client.http
    await each_on_its_own_connection(service, shop.company, charge_of(shop, "1"), CHARGES)
    named = {"operation": "charge", "outcome": "ok"}
    sample = "purser_request_duration_seconds_count"
    (folder,) = set(processes_of(service, "api-process").values())
    before = await scrape_all(http)
    files = {file.name for file in folder.iterdir()}

    await kill_and_await_another(service)
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as fresh:
        after = await scrape(fresh)
        for name, labels, value in before.samples():
            if name.endswith(("_total", "_count", "_sum", "_bucket")):
                assert after.value(name, **labels) >= value, (name, labels)
        await each_on_its_own_connection(service, shop.company, charge_of(shop, "1"), CHARGES)
        counted = before.value(sample, **named) + CHARGES
        await scrape_until(fresh, lambda page: page.value(sample, **named) == counted, "it counts on")
    assert {file.name for file in folder.iterdir()} == files


async def test_a_flood_of_names_stays_bounded(service: Service, shop: Shop) -> None:
    http, sample = shop.client.http, "purser_request_duration_seconds_count"
    nobody = Api(http)
    await each_on_its_own_connection(service, nobody, "query Stranger<number> { viewer { id } }", 30)
    await each_on_its_own_connection(service, shop.client, "query Invalid<number> { nothing }", 30)
    await each_on_its_own_connection(service, shop.client, "query " + "Long" * 30 + " { viewer { id } }", 1)
    page = await scrape_until(http, lambda page: page.value(sample, operation=OTHER) == 31, "they are others")
    assert not [
        name for name in page.values_of(sample, "operation") if name.startswith(("Str", "Inv", "Long"))
    ]

    await each_on_its_own_connection(service, shop.client, "query Name<number> { viewer { id } }", 400)
    page = await scrape_until(
        http,
        lambda page: sum(page.value(sample, operation=name) for name in _names(page)) == 31 + 400,
        "all are counted",
    )
    claimed = _names(page) - {OTHER}
    # In two processes.
    assert NAMES_MAX / 2 < len(claimed) <= 2 * NAMES_MAX

    await kill_and_await_another(service)
    await each_on_its_own_connection(service, shop.client, "query More<number> { viewer { id } }", 200)
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as fresh:
        others = page.value(sample, operation=OTHER) + 200
        page = await scrape_until(
            fresh, lambda page: page.value(sample, operation=OTHER) == others, "so are these"
        )
    assert _names(page) - {OTHER} == claimed


def _names(page: Page) -> set[str]:
    operations = page.values_of("purser_request_duration_seconds_count", "operation")
    return {name for name in operations if name == OTHER or name.startswith(("Name", "More"))}
