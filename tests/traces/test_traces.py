"""A collector sees where the time of a request goes, from HTTP to COMMIT, and that of a withdrawal to the bank."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.client import Api
from tests.log_lines import line_of
from tests.running import Service, running_service
from tests.service.shop import Shop, open_shop
from tests.traces.bank import Bank, running_bank
from tests.traces.receiver import Receiver, Seen, running_receiver

STEPS = ["claim", "lock", "decide", "write", "commit"]
CHARGE = """
mutation Pay($input: ChargeInput!) { charge(input: $input) { operation { id } userErrors { code } } }
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def bank() -> Iterator[Bank]:
    with running_bank() as bank:
        yield bank


@pytest.fixture(scope="module")
def service(receiver: Receiver, bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With one API process, so that charges meet, and a worker."""
    settings = {
        "PURSER_TRACES": "true",
        "PURSER_BANK_URL": bank.url,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with running_service(tmp_path_factory.mktemp("traces"), workers=1, settings=settings) as service:
        yield service


@pytest.fixture
async def anyone(service: Service) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=service.url, timeout=20) as http:
        yield Api(http)


@pytest.fixture
async def shop(anyone: Api) -> Shop:
    return await open_shop(anyone, "USD", "10.00")


async def charge(shop: Shop, *, query: str = CHARGE, **more: Any) -> str:
    """The trace that it was asked for in."""
    trace = secrets.token_hex(16)
    asked = {"wallet": shop.purse["token"], "amount": "0.01", "summary": "hunter2"} | more
    reply = await shop.company.http.post(
        "/graphql",
        json={"query": query, "variables": {"input": asked}},
        headers={
            "Authorization": f"Bearer {shop.company.token}",
            "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
        },
    )
    assert reply.json()["data"]["charge"]["userErrors"] == []
    return trace


def complete(receiver: Receiver, trace: str) -> list[Seen]:
    """The trace's spans, once the last of them have come: that of the request, and those made after the batch."""
    receiver.until(
        lambda spans: {"POST /graphql", "commit"} <= {span.name for span in spans if span.trace == trace}
    )
    return receiver.trace(trace)


@pytest.mark.parametrize(
    "query", [CHARGE, CHARGE.replace("charge(input: $input)", "charge(input: $input) @include(if: true)")]
)
async def test_a_charge_from_http_to_commit(receiver: Receiver, shop: Shop, query: str) -> None:
    """Compiled, and run by graphql-core."""
    trace = await charge(shop, query=query)
    spans = {span.name: span for span in complete(receiver, trace)}
    assert receiver.tree(trace) == {
        "POST /graphql": {"GraphQL mutation": {"resolve charge": {"queue": {}, "batch": {"commit": {}}}}}
    }
    request = spans["POST /graphql"]
    assert (request.kind, request.process, request.is_error) == ("SERVER", "api", False)
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["purser.outcome"] == "ok"
    assert len(request.attributes["purser.account_id"]) == 36
    assert spans["GraphQL mutation"].attributes["graphql.operation.name"] == "Pay"
    # All on one clock, one within the other and one after the other.
    order = ["POST /graphql", "GraphQL mutation", "resolve charge", "queue", "batch", "commit"]
    assert [span.name for span in receiver.trace(trace)] == order
    assert spans["queue"].ended_at == spans["batch"].began_at
    assert spans["commit"].ended_at <= spans["batch"].ended_at <= spans["resolve charge"].ended_at
    assert spans["resolve charge"].ended_at <= request.ended_at
    assert abs(request.ended_at - time.time_ns()) < 60e9


def group_commit(receiver: Receiver, batch: Seen) -> Seen:
    """The one that the batch of a request is linked to."""
    ((trace, identity),) = batch.links
    found: Seen = receiver.until(
        lambda spans: next((span for span in spans if (span.trace, span.id) == (trace, identity)), None)
    )
    return found


async def test_the_batch_of_two_requests_is_linked_to_both(
    receiver: Receiver, shop: Shop, service: Service
) -> None:
    connection = await asyncpg.connect(service.dsn)
    async with connection.transaction():
        # Both writers wait for the wallet, and what comes meanwhile waits for them.
        await connection.execute("SELECT FROM wallets FOR UPDATE")
        asked = [asyncio.create_task(charge(shop)) for _ in range(2)]
        await asyncio.sleep(0.2)
        asked += [asyncio.create_task(charge(shop)) for _ in range(4)]
        await asyncio.sleep(0.2)
    await connection.close()
    met: dict[Seen, list[Seen]] = {}
    for trace in await asyncio.gather(*asked):
        batch = next(span for span in complete(receiver, trace) if span.name == "batch")
        met.setdefault(group_commit(receiver, batch), []).append(batch)
    together, batches = max(met.items(), key=lambda one: len(one[1]))
    assert len(batches) > 1
    assert together.parent == ""
    assert together.attributes["purser.bundles"] == len(batches)
    # Linked to what asked for it, and each of them waits and commits in its own trace.
    assert set(together.links) == {(batch.trace, batch.parent) for batch in batches}
    assert len({batch.trace for batch in batches}) == len(batches)
    receiver.until(lambda _: len(receiver.trace(together.trace)) > len(STEPS))
    steps = [span.name for span in receiver.trace(together.trace) if span.parent == together.id]
    assert steps == STEPS
    assert sum(span.name == "queue" for batch in batches for span in receiver.trace(batch.trace)) == len(
        batches
    )


async def test_a_withdrawal_is_traced_to_the_bank_and_back(
    receiver: Receiver, bank: Bank, shop: Shop, service: Service
) -> None:
    withdrawn = await shop.client.withdraw(shop.purse["token"], "1.00")
    reference = f"purser-{withdrawn['operation']['id'].removeprefix('op_')}"
    identity = str(UUID(reference.removeprefix("purser-")))

    def settled(spans: list[Seen]) -> Seen | None:
        mine = [span for span in spans if span.attributes.get("purser.operation_id") == identity]
        return next(
            (one for one in mine if {"commit"} <= {span.name for span in receiver.trace(one.trace)}), None
        )

    withdrawal: Seen = receiver.until(settled)
    assert withdrawal.process == "worker"
    assert receiver.tree(withdrawal.trace) == {
        "withdrawal": {"bank pay": {}, "queue": {}, "batch": {"commit": {}}}
    }
    (call,) = (span for span in receiver.trace(withdrawal.trace) if span.name == "bank pay")
    assert (call.kind, call.attributes["purser.result"]) == ("CLIENT", "PAID")
    assert bank.traceparents[reference].startswith(f"00-{call.trace}-{call.id}-")
    # The line of the log can be found by the trace, and the other way round.
    line = await line_of(service, event="withdrawal", operation_id=identity)
    assert (line["trace_id"], line["outcome"], line["attempt"]) == (withdrawal.trace, "paid", 1)


async def test_what_is_queued_is_traced_from_http_to_the_commit_of_a_worker(
    receiver: Receiver, shop: Shop
) -> None:
    trace = await charge(shop, queued=True)
    # Its acceptance was committed, and later what was accepted.
    receiver.until(lambda _: [span.name for span in receiver.trace(trace)].count("commit") == 2)
    complete(receiver, trace)
    assert receiver.tree(trace) == {
        "POST /graphql": {
            "GraphQL mutation": {
                "resolve charge": {"queue": {}, "batch": {"commit": {}}, "carried out": {"commit": {}}}
            }
        }
    }
    spans = {span.name: span for span in receiver.trace(trace)}
    carried_out = spans["carried out"]
    assert carried_out.process == "worker"
    assert carried_out.began_at > spans["batch"].ended_at
    # And the other way round: from the worker's transaction to whoever asked, and to the worker's own trace.
    together = group_commit(receiver, carried_out)
    asked, served = together.links[1], together.links[0]
    assert asked == (trace, spans["resolve charge"].id)
    receiver.until(lambda _: "commit" in {span.name for span in receiver.trace(served[0])})
    assert receiver.tree(served[0]) == {"carry out queued": {"queue": {}, "batch": {"commit": {}}}}
    (batch,) = (span for span in receiver.trace(served[0]) if span.name == "carry out queued")
    assert (batch.id, batch.process, batch.attributes["purser.requests"]) == (served[1], "worker", 1)


async def test_a_request_has_its_trace_in_its_line_and_nothing_of_a_user_in_its_spans(
    receiver: Receiver, shop: Shop, service: Service
) -> None:
    trace = await charge(shop)
    complete(receiver, trace)
    assert (await line_of(service, trace_id=trace))["operation"] == "Pay"
    assert shop.company.token is not None
    everything = b"".join(receiver.bodies)
    for secret in ("hunter2", shop.purse["token"], shop.company.token, "charge(input", "example.com"):
        assert secret.encode() not in everything


async def test_a_request_that_failed_has_a_span_that_failed(
    receiver: Receiver, shop: Shop, service: Service
) -> None:
    trace = secrets.token_hex(16)
    connection = await asyncpg.connect(service.dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE wallets")
        reply = await shop.client.http.post(
            "/graphql",
            json={"query": "query Mine { wallets { edges { node { id } } } }"},
            headers={
                "Authorization": f"Bearer {shop.client.token}",
                "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01",
            },
        )
    await connection.close()
    assert reply.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    (request,) = receiver.until(lambda _: [span for span in receiver.trace(trace) if span.kind == "SERVER"])
    assert (request.is_error, request.attributes["error.type"]) == (True, "UNAVAILABLE")
    assert request.attributes["purser.outcome"] == "error"


async def test_what_others_ask_again_and_again_is_not_traced(anyone: Api, receiver: Receiver) -> None:
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert (await anyone.http.get(path)).status_code == 200
    await asyncio.sleep(0.5)
    assert {span.attributes["http.route"] for span in receiver.spans if span.kind == "SERVER"} == {"/graphql"}


def test_a_collector_that_hangs_stops_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {
            "PURSER_TRACES": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        with running_service(tmp_path, workers=1, settings=settings) as service:
            reply = httpx.post(f"{service.url}/graphql", json={"query": "{ __typename }"})
            assert reply.json() == {"data": {"__typename": "Query"}}
            stopped_at = time.monotonic()
        assert time.monotonic() - stopped_at < 15
    assert "spans left behind" in service.log.read_text()
    assert service.process.returncode == 0
