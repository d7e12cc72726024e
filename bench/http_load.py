"""The load generator over HTTP, so cheap that it is not what is measured.

Each connection is a bare asyncio protocol on uvloop: one request at a time, put together from bytes made in
advance, its answer searched for the few words that say success. Every answer is checked.
"""

import asyncio
import time
from array import array

import uvloop

from bench.answers import Answers
from bench.child import answer, read_task
from bench.http_requests import Requests
from bench.measurement import Measurement, of_latencies
from bench.population import Population

# Opened one after the other: of many at once, one API process would accept most.
CONNECT_PAUSE_SECONDS = 0.002
DRAIN_SECONDS_MAX = 30.0


class Load:
    """What all connections share: when to stop, and what was seen."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self.measured_from = self.measured_until = float("inf")
        self.latencies = array("d")
        self.succeeded = 0
        self.mismatches = 0
        self.first_mismatch = b""

    def count(self, response: bytes, asked_at: float, answered_at: float) -> None:
        """Notes one answer."""
        if response.startswith(b"HTTP/1.1 200 ") and all(word in response for word in self.requests.success):
            self.succeeded += self.requests.operations
            if self.measured_from <= answered_at < self.measured_until:
                self.latencies.append(answered_at - asked_at)
        else:
            self.mismatches += 1
            self.first_mismatch = self.first_mismatch or response


class Connection(Answers):
    """One client that waits for each answer before it asks again. `ended` is set once it has stopped."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._asked_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._ask(time.perf_counter())

    def answered(self, response: bytes) -> None:
        now = time.perf_counter()
        self._load.count(response, self._asked_at, now)
        if now < self._load.measured_until:
            self._ask(now)
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._load.measured_until or self._received:
            self._load.mismatches += 1
            self._load.first_mismatch = self._load.first_mismatch or f"connection lost: {exc}".encode()
        if not self.ended.done():
            self.ended.set_result(None)

    def _ask(self, now: float) -> None:
        self._asked_at = now
        self._transport.write(self._load.requests.next())


async def measure(
    port: int, requests: Requests, connections: int, seconds: float, warm_up: float
) -> Measurement:
    """Asks for the warm-up and `seconds` after it, then waits for the last answers."""
    loop = asyncio.get_running_loop()
    load = Load(requests)
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
        clients.append(client)
        await asyncio.sleep(CONNECT_PAUSE_SECONDS)
    load.measured_from = time.perf_counter() + warm_up
    load.measured_until = load.measured_from + seconds
    await asyncio.sleep(warm_up)
    cpu_from = time.process_time()
    await asyncio.sleep(load.measured_until - time.perf_counter())
    cpu_seconds = time.process_time() - cpu_from
    async with asyncio.timeout(DRAIN_SECONDS_MAX):
        await asyncio.gather(*(client.ended for client in clients))
    if load.mismatches:
        first = load.first_mismatch.decode(errors="replace")
        raise AssertionError(f"{load.mismatches} answers were no success, the first one:\n{first}")
    return of_latencies(
        load.latencies,
        seconds=seconds,
        charges_total=load.succeeded,
        cpu_seconds=cpu_seconds,
        charges_each=requests.operations,
    )


def main() -> None:
    task = read_task()
    requests = Requests(task["kind"], Population(task["payers"], task["merchants"]), task["secret_key"])
    answer(
        uvloop.run(
            measure(task["port"], requests, task["connections"], task["seconds"], task["warm_up_seconds"])
        )
    )


if __name__ == "__main__":
    main()
