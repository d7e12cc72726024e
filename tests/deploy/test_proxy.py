"""nginx as it is configured here: whom it asks, what it asks twice, what it says by itself, what it keeps to itself."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.nginx.instances import upstreams
from runtime import http_protocol
from runtime.settings import Settings
from tests.deploy.conftest import needs_nginx
from tests.deploy.running import CHECKOUT
from tests.deploy.toys import Front, Toy, running_front

pytestmark = needs_nginx

Toys = tuple[Toy, Toy]
CHARGE = {"query": "mutation { charge { id } }"}


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Reads the request and goes away, as one that is killed does."""


def extensions(body: Any) -> Any:
    (error,) = body["errors"]
    assert error["message"]
    return error["extensions"]


def header(request: str, name: str) -> list[str]:
    return re.findall(rf"(?im)^{name}: (.*)\r$", request)


async def test_a_mutation_that_has_left_for_one_instance_is_never_sent_to_another(
    front: Front, toys: Toys
) -> None:
    for toy in toys:
        toy.answer = hang_up
    answer = await front.http.post("/graphql", json=CHARGE)
    assert answer.status_code == 503
    assert extensions(answer.json()) == {"code": "UNAVAILABLE", "executed": "UNKNOWN", "retryAfterSeconds": 1}
    assert answer.headers["retry-after"] == "1"
    assert len(toys[0].requests + toys[1].requests) == 1


async def test_nor_is_one_that_left_on_a_connection_that_was_kept(front: Front, toys: Toys) -> None:
    assert {(await front.http.post("/graphql", json=CHARGE)).text for _ in range(4)} == {"one", "two"}
    for toy in toys:
        toy.requests.clear()
        toy.answer = hang_up
    answer = await front.http.post("/graphql", json=CHARGE)
    assert extensions(answer.json())["executed"] == "UNKNOWN"
    assert len(toys[0].requests + toys[1].requests) == 1


async def test_a_query_is_asked_of_the_other_instance(front: Front, toys: Toys) -> None:
    toys[0].answer = hang_up
    assert [(await front.http.get("/graphql?query={a}")).text for _ in range(4)] == ["two"] * 4


async def test_a_mutation_goes_to_the_other_instance_where_one_can_not_be_reached(
    front: Front, toys: Toys
) -> None:
    await toys[0].close()
    assert [(await front.http.post("/graphql", json=CHARGE)).text for _ in range(8)] == ["two"] * 8


async def test_nothing_was_executed_where_no_instance_can_be_reached(front: Front, toys: Toys) -> None:
    for toy in toys:
        await toy.close()
    for _ in range(8):  # the first ones find it out, the next ones are not even tried
        answer = await front.http.post("/graphql", json=CHARGE)
        assert answer.status_code == 503
        assert extensions(answer.json()) == {"code": "UNAVAILABLE", "executed": "NO", "retryAfterSeconds": 1}


async def test_one_that_was_taken_out_gets_nothing_until_it_is_put_in(front: Front, toys: Toys) -> None:
    front.proxy.take_out(1)
    assert [(await front.http.post("/graphql", json=CHARGE)).text for _ in range(8)] == ["two"] * 8
    front.proxy.put_in(1)
    assert {(await front.http.post("/graphql", json=CHARGE)).text for _ in range(8)} == {"one", "two"}


async def test_what_a_client_says_of_itself_goes_no_further(front: Front, toys: Toys) -> None:
    said = {
        "X-Forwarded-For": "10.9.8.7",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example.com",
        "X-Real-IP": "10.9.8.7",
        "Forwarded": "for=10.9.8.7",
    }
    await front.http.get("/graphql", headers=said)
    (request,) = toys[0].requests + toys[1].requests
    assert header(request, "X-Forwarded-For") == ["127.0.0.1"]
    assert header(request, "X-Forwarded-Proto") == ["http"]
    assert header(request, "Host") == [front.url.removeprefix("http://")]
    assert "10.9.8.7" not in request
    assert "evil" not in request


async def test_a_balancer_that_is_named_tells_address_and_scheme(toys: Toys, tmp_path: Path) -> None:
    balancer = """set_real_ip_from 127.0.0.1;
real_ip_header X-Forwarded-For;
set $purser_scheme $purser_told_scheme;
"""
    async with running_front(tmp_path, [toy.address for toy in toys], listen=balancer) as front:
        said = {"X-Forwarded-For": "192.0.2.66, 10.9.8.7", "X-Forwarded-Proto": "https"}
        for told in ("https", "gopher"):
            await front.http.get("/graphql", headers=said | {"X-Forwarded-Proto": told})
    requests = toys[0].requests + toys[1].requests
    assert [header(request, "X-Forwarded-For") for request in requests] == [["10.9.8.7"]] * 2
    assert sorted(header(request, "X-Forwarded-Proto") for request in requests) == [["http"], ["https"]]


@pytest.mark.parametrize("sent", ["order-66.a_b", "not sane", "x" * 65, None])
async def test_the_request_id_is_the_clients_where_it_is_one(
    front: Front, toys: Toys, sent: str | None
) -> None:
    await front.http.get("/graphql", headers={} if sent is None else {"X-Request-ID": sent})
    (request,) = toys[0].requests + toys[1].requests
    (passed_on,) = header(request, "X-Request-ID")
    assert passed_on == sent if sent == "order-66.a_b" else re.fullmatch("[0-9a-f]{32}", passed_on)


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/metrics/",
        "/status",
        "//metrics",
        "/%6detrics",
        "/x/../status",
        "/status?x",
        "/metrics%2F",
    ],
)
async def test_what_is_for_operators_is_not_for_outsiders(front: Front, toys: Toys, path: str) -> None:
    address = front.url.removeprefix("http://")
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith("HTTP/1.1 404 ")
    assert header(answer, "X-Request-ID")
    assert toys[0].requests + toys[1].requests == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("NO REQUEST\r\n", 400),
        ("GET \\ HTTP/1.1\r\n", 400),
        ("GET /graphql%00 HTTP/1.1\r\n", 400),
        ("GET /graphql HTTP/1.1\r\n", 400),  # without Host
        (f"GET /graphql?query={'x' * 10_000} HTTP/1.1\r\n", 414),
        (f"GET /graphql HTTP/1.1\r\nHost: a\r\nCookie: {'x' * 10_000}\r\n", 400),
        ("TRACE /graphql HTTP/1.1\r\nHost: a\r\n", 405),
        ("POST /graphql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n", 501),
        ("GET /graphql HTTP/3.0\r\nHost: a\r\n", 505),
    ],
)
async def test_what_is_no_request_is_refused_in_the_services_words(
    front: Front, toys: Toys, head: str, status: int
) -> None:
    reader, writer = await asyncio.open_connection(*front.url.removeprefix("http://").split(":"))
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    async with asyncio.timeout(10):
        answer, body = (await reader.read()).decode().split("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert header(answer, "X-Request-ID")
    assert extensions(json.loads(body)) == {"code": "BAD_USER_INPUT", "executed": "NO"}
    assert toys[0].requests + toys[1].requests == []


async def test_a_body_beyond_all_limits_is_refused_in_the_services_words(front: Front, toys: Toys) -> None:
    answer = await front.http.post("/graphql", content=b"x" * 3_000_000)
    assert answer.status_code == 413
    assert extensions(answer.json()) == {"code": "BAD_USER_INPUT", "executed": "NO"}
    answer = await front.http.post("/graphql", content=b"x" * (Settings().body_bytes_max + 1))
    assert answer.text in ("one", "two")


async def test_an_export_arrives_as_it_is_written_and_its_link_is_in_no_log(front: Front, toys: Toys) -> None:
    first_was_read = asyncio.Event()

    async def in_two_parts(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none")
        await first_was_read.wait()
        writer.write(b"two")
        await writer.drain()

    for toy in toys:
        toy.answer = in_two_parts
    async with (
        asyncio.timeout(10),
        front.http.stream("GET", "/exports/s3cret", headers={"X-Request-ID": "export-1"}) as answer,
    ):
        parts = answer.aiter_raw()
        assert await anext(parts) == b"one"
        first_was_read.set()
        assert await anext(parts) == b"two"
    for toy in toys:
        await toy.close()
    await front.http.get("/exports/s3cret")
    await front.http.get("/graphql?query=s3cret")
    lines = await logged(front, 3)
    assert [line["path"] for line in lines] == ["/exports/", "/exports/", "/graphql"]
    assert [line["status"] for line in lines] == [200, 503, 503]
    assert lines[0]["request_id"] == "export-1"
    assert "s3cret" not in front.log.read_text()


async def logged(front: Front, count: int) -> list[Any]:
    async with asyncio.timeout(10):
        while len(lines := front.log.read_text().splitlines()) < count:
            await asyncio.sleep(0.02)
    return [json.loads(line) for line in lines]


def test_its_times_and_sizes_fit_those_of_the_service() -> None:
    (kept_ms,) = set(re.findall(r"keepalive_timeout (\d+)ms;", upstreams(["a:1", "b:1"])))
    assert 2 * int(kept_ms) <= http_protocol.STOP_SECONDS * 1000
    configuration = (CHECKOUT / "deploy/nginx/purser/service.conf").read_text()
    (kilobytes,) = re.findall(r"client_max_body_size (\d+)k;", configuration)
    assert int(kilobytes) * 1024 > Settings().body_bytes_max
