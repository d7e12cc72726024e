"""The whole service on one machine, in the shape of production: started together, healed, restarted one by one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.members import Member, MemberError
from deploy.local.monitoring import prometheus_command
from deploy.local.proxy import Proxy

CHECKOUT = Path(__file__).resolve().parents[2]
PURSER = (sys.executable, "-P", "-m", "cli")
INSTANCES = 2
WORKERS = 2
STATE_FILE = "fleet.json"
WATCH_SECONDS = 0.2
# Longer than nginx keeps a connection to an instance that it does not use.
SETTLE_SECONDS = 1.0


@dataclass
class State:
    """What others may know of a running fleet, in STATE_FILE of its folder. Addresses are host:port."""

    pid: int
    proxy: str
    instances: list[str]
    workers: list[str]
    bank: str
    prometheus: str | None
    # How often the instances were restarted one by one, and what kept the last one from it.
    restarts: int = 0
    trouble: str | None = None

    @classmethod
    def read(cls, folder: Path) -> "State":
        """Raises FileNotFoundError where no fleet runs in `folder`."""
        return cls(**json.loads((folder / STATE_FILE).read_text()))

    def write(self, folder: Path) -> None:
        draft = folder / f"{STATE_FILE}.new"
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(folder / STATE_FILE)


class DatabaseEnded(Exception):
    """The PostgreSQL that came with the fleet is gone; the rest was stopped."""


class Fleet:
    """The processes on the database `dsn`. `port` is the proxy's, those after it the others'; 0: any free ones."""

    def __init__(self, folder: Path, dsn: str, nginx: str, port: int) -> None:
        self._folder = folder
        ports = _ports(port)
        self.state = State(
            pid=os.getpid(),
            proxy=next(ports),
            instances=[next(ports) for _ in range(INSTANCES)],
            workers=[next(ports) for _ in range(WORKERS)],
            bank=next(ports),
            prometheus=next(ports),
        )
        self._environment = _environment(dsn, folder, self.state.bank)
        self._proxy = Proxy(nginx, folder / "proxy", _port(self.state.proxy), self.state.instances)
        self._instances = [
            self._purser(f"instance-{number}", "serve", f"{address}/health/ready", PURSER_PORT=_port(address))
            for number, address in enumerate(self.state.instances, 1)
        ]
        self._workers = [
            self._purser(
                f"worker-{number}", "worker", f"{address}/health/live", PURSER_WORKER_PORT=_port(address)
            )
            for number, address in enumerate(self.state.workers, 1)
        ]
        bank = (
            "bank-simulator",
            "--port",
            str(_port(self.state.bank)),
            "--books",
            str(folder / "bank.jsonl"),
        )
        self._bank = Member(
            "bank", (*PURSER, *bank), self._environment, folder, health=f"http://{self.state.bank}/health"
        )
        self._front = [
            Member(
                "proxy",
                self._proxy.command,
                {},
                folder,
                health=f"http://{self.state.proxy}/health/ready",
                stop_signal=signal.SIGQUIT,
            )
        ]
        self._add_prometheus()

    def _purser(self, name: str, command: str, health: str, **settings: object) -> Member:
        environment = self._environment | {name: str(value) for name, value in settings.items()}
        return Member(name, (*PURSER, command), environment, self._folder, health=f"http://{health}")

    def _add_prometheus(self) -> None:
        address = self.state.prometheus
        assert address is not None
        command = prometheus_command(
            self._folder / "prometheus", _port(address), self.state.instances, self.state.workers
        )
        if command is None:
            self.state.prometheus = None
        else:
            self._front.append(
                Member("prometheus", command, {}, self._folder, health=f"http://{address}/-/ready")
            )

    def run(
        self,
        wants_restart: Callable[[], bool],
        on_ready: Callable[[State], None],
        database_runs: Callable[[], bool],
    ) -> None:
        """Until KeyboardInterrupt.

        Raises MemberError where a process does not come up at the start, DatabaseEnded once `database_runs` denies it.
        """
        back = [*self._instances, *self._workers]
        try:
            self._refuse_taken_ports()
            self._migrate()
            for group in ([self._bank], self._instances, [*self._workers, *self._front]):
                _start(group)
            self.state.write(self._folder)
            on_ready(self.state)
            while True:
                if wants_restart():
                    self._restart()
                for member in (self._bank, *back, *self._front):
                    member.heal()
                if not database_runs():
                    raise DatabaseEnded
                time.sleep(WATCH_SECONDS)
        finally:
            for group in (self._front, back, [self._bank]):
                _stop(group)
            (self._folder / STATE_FILE).unlink(missing_ok=True)

    def _refuse_taken_ports(self) -> None:
        # Whoever else listens there would be taken for one of ours that is ready.
        state = self.state
        for address in filter(
            None, (state.proxy, *state.instances, *state.workers, state.bank, state.prometheus)
        ):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", _port(address)))
                except OSError as refused:
                    raise MemberError(
                        f"Can't listen on {address}: {refused.strerror}. Name other ports by --port."
                    ) from None

    def _restart(self) -> None:
        self.state.trouble = None
        try:
            self._migrate()
            # One at a time can be out: what an earlier restart left out comes first.
            for number in sorted(range(1, INSTANCES + 1), key=self._proxy.is_out, reverse=True):
                instance = self._instances[number - 1]
                self._proxy.take_out(number)
                time.sleep(SETTLE_SECONDS)
                _stop([instance])
                # One that does not come up stays out, and the others as they are.
                _start([instance])
                self._proxy.put_in(number)
            for worker in self._workers:
                _stop([worker])
                _start([worker])
        except MemberError as refused:
            self.state.trouble = str(refused)
        self.state.restarts += 1
        self.state.write(self._folder)

    def _migrate(self) -> None:
        done = subprocess.run(
            [*PURSER, "migrate"],
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise MemberError(done.stderr.strip())


def _start(members: Sequence[Member]) -> None:
    for member in members:
        member.start()
    for member in members:
        member.await_ready()


def _stop(members: Sequence[Member]) -> None:
    for member in members:
        member.ask_to_stop()
    for member in members:
        member.await_end()


def _environment(dsn: str, folder: Path, bank: str) -> dict[str, str]:
    return {
        # The commands are this checkout's, from whatever folder.
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONUNBUFFERED": "1",
        "PURSER_DATABASE_URL": dsn,
        "PURSER_DATA_DIR": str(folder),
        "PURSER_HOST": "127.0.0.1",
        "PURSER_TRUSTED_PROXIES": "127.0.0.1",
        # It is done once, before all of them.
        "PURSER_AUTO_MIGRATE": "false",
        "PURSER_BANK_URL": os.environ.get("PURSER_BANK_URL") or f"http://{bank}",
    }


def _ports(first: int) -> Iterator[str]:
    for offset in range(100):
        port = first + offset if first else _free_port()
        yield f"127.0.0.1:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
