"""More clients than the service can answer, in a process of their own, and so cheap that they are not what is measured.

Each has one request under way at a time. What came of each request is kept under its idempotency key, so that the
database can be asked afterwards what it knows of them.
"""

import asyncio
import random
import time
from array import array
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import uvloop

from bench.answers import Answers
from bench.http_requests import Requests
from bench.nuisances import nuisances
from bench.population import Population

OVERLOADED = b'"code":"OVERLOADED","executed":"NO"'
# Opened a few at a time, as fast as the service accepts.
CONNECT_AT_ONCE = 50
DRAIN_SECONDS_MAX = 30.0
TICK_SECONDS = 0.002
# The request ends with its key.
_KEY = slice(-32, -4)


class Manner(StrEnum):
    """How clients ask. OPEN: at a rate, whatever is answered; the others when they were answered."""

    AT_ONCE = "at once"
    PATIENT = "patient"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Task:
    """What the clients are to do. `rate`: arrivals a second, of an open loop alone."""

    port: int
    secret_key: str
    population: Population
    manner: Manner
    connections: int
    seconds: float
    warm_up_seconds: float
    rate: float = 0.0
    nuisances: int = 0


@dataclass(slots=True)
class Seen:
    """What came of it.

    Latencies are seconds, of what was answered in the time that is measured; the keys are those of all requests.
    `lost` counts requests whose connection ended before their answer, `cpu` is the part of a core that asking took.
    """

    succeeded: "array[float]" = field(default_factory=lambda: array("d"))
    refused: "array[float]" = field(default_factory=lambda: array("d"))
    cpu: float = 0.0
    acknowledged_keys: list[bytes] = field(default_factory=list)
    refused_keys: list[bytes] = field(default_factory=list)
    lost: int = 0
    first_other: bytes = b""


class Load:
    """What all clients share: when to stop, and what was seen."""

    def __init__(self, task: Task) -> None:
        self.requests = Requests("charge", task.population, task.secret_key)
        self.manner = task.manner
        self.measured_from = self.measured_until = float("inf")
        self.seen = Seen()
        self.free: deque[Client] = deque()

    def count(self, response: bytes, key: bytes, asked_at: float, answered_at: float) -> bool:
        """Notes one answer. Whether it was a success."""
        seen = self.seen
        is_measured = self.measured_from <= answered_at < self.measured_until
        if response.startswith(b"HTTP/1.1 200 ") and all(word in response for word in self.requests.success):
            seen.acknowledged_keys.append(key)
            if is_measured:
                seen.succeeded.append(answered_at - asked_at)
            return True
        if OVERLOADED in response:
            seen.refused_keys.append(key)
            if is_measured:
                seen.refused.append(answered_at - asked_at)
        else:
            seen.first_other = seen.first_other or response
        return False


class Client(Answers):
    """One connection, with one request under way at most. `ended` is set once it has stopped."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._key = b""
        self._asked_at = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._go_on(is_refused=False)

    def answered(self, response: bytes) -> None:
        key, self._key = self._key, b""
        succeeded = self._load.count(response, key, self._asked_at, time.perf_counter())
        self._go_on(is_refused=not succeeded)

    def connection_lost(self, _: Exception | None) -> None:
        if self._key:
            self._load.seen.lost += 1
        if not self.ended.done():
            self.ended.set_result(None)

    def ask(self) -> None:
        """Sends the next request, unless it is time to stop."""
        self._asked_at = time.perf_counter()
        if self._asked_at >= self._load.measured_until:
            self._transport.close()
            return
        request = self._load.requests.next()
        self._key = request[_KEY]
        self._transport.write(request)

    def _go_on(self, *, is_refused: bool) -> None:
        match self._load.manner:
            case Manner.OPEN if time.perf_counter() < self._load.measured_until:
                self._load.free.append(self)
            case Manner.PATIENT if is_refused:
                # What Retry-After says, and a little that is not the same for all.
                asyncio.get_running_loop().call_later(1 + random.random() / 10, self.ask)
            case _:
                self.ask()


async def _arrive(load: Load, rate: float) -> None:
    """An open loop: so many ask in each moment; who finds no free connection is not sent."""
    loop = asyncio.get_running_loop()
    due, last = 0.0, loop.time()
    while time.perf_counter() < load.measured_until:
        await asyncio.sleep(TICK_SECONDS)
        now = loop.time()
        due, last = due + (now - last) * rate, now
        while due >= 1 and load.free:
            due -= 1
            load.free.popleft().ask()
        due = min(due, 1.0)
    while load.free:
        load.free.popleft().ask()


async def _open(load: Load, port: int, count: int) -> list[Client]:
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    while len(clients) < count:
        opened = await asyncio.gather(
            *(
                loop.create_connection(lambda: Client(load), "127.0.0.1", port)
                for _ in range(min(CONNECT_AT_ONCE, count - len(clients)))
            )
        )
        clients += [client for _, client in opened]
        await asyncio.sleep(TICK_SECONDS)
    return clients


async def _run(task: Task) -> Seen:
    load = Load(task)
    async with nuisances(task.port, task.nuisances):
        clients = await _open(load, task.port, task.connections)
        load.measured_from = time.perf_counter() + task.warm_up_seconds
        load.measured_until = load.measured_from + task.seconds
        arriving = asyncio.create_task(_arrive(load, task.rate)) if task.manner is Manner.OPEN else None
        await asyncio.sleep(task.warm_up_seconds)
        cpu_from = time.process_time()
        await asyncio.sleep(load.measured_until - time.perf_counter())
        load.seen.cpu = (time.process_time() - cpu_from) / task.seconds
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            if arriving is not None:
                await arriving
            await asyncio.gather(*(client.ended for client in clients))
    return load.seen


def run(task: Task) -> Seen:
    """In the process: does the task, and says what was seen."""
    return uvloop.run(_run(task))
