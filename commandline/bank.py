"""`purser bank-simulator`: a bank to try withdrawals with."""

import math
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from commandline.command import INTERRUPTED, Command
from commandline.database import load_settings
from runtime.listening import ListenError, listen, url_of
from runtime.metrics_folder import join_folder
from runtime.readiness import tell_ready
from runtime.telling import tell
from workers.simulated_bank.behaviour import Behaviour

BOOKS_FILE = "bank.jsonl"


class _Share(click.FloatRange):
    """From 0 to 1. For click alone, "nan" would be in that range."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        share = float(super().convert(value, param, ctx))
        if math.isnan(share):
            self.fail(f"{value} is not in the range 0<=x<=1.", param, ctx)
        return share


SHARE = _Share()
USUAL = Behaviour()


@click.command(
    cls=Command,
    context_settings={"show_default": True},
    examples=[
        ("One that makes every payment, soon", "purser bank-simulator --success-rate 1 --latency 10"),
        (
            "One whose answers often get lost, the same ones each time",
            "purser bank-simulator --lost-replies 0.3 --seed 1",
        ),
        (
            "The workers that pay through it",
            "PURSER_BANK_URL=http://127.0.0.1:8001 DATABASE_URL=$URL purser worker",
        ),
    ],
    exits={
        0: "Stopped by SIGTERM or Ctrl-C.",
        1: "It could not start, or not stay up. A sentence on standard error says why, and what to do.",
        INTERRUPTED: "Stopped before it was ready.",
    },
)
@click.option("--host", default="127.0.0.1", help="Where it listens.")
@click.option("--port", default=8001, type=click.IntRange(0, 65535), help="The same; 0: any free port.")
@click.option(
    "--success-rate", default=USUAL.success_rate, type=SHARE, help="Share of payments made; the others fail."
)
@click.option(
    "--latency",
    default=USUAL.latency_ms,
    type=click.IntRange(0, 60_000),
    help="Milliseconds to a decision, the mean.",
)
@click.option(
    "--lost-replies",
    default=USUAL.lost_replies,
    type=SHARE,
    help="Share of decisions whose caller never hears.",
)
@click.option("--refusals", default=USUAL.refusals, type=SHARE, help="Share of payments refused for good.")
@click.option(
    "--duplicates",
    default=USUAL.duplicates,
    type=SHARE,
    help="Share of repeated requests that are paid again.",
)
@click.option("--outages", default=USUAL.outages, type=SHARE, help="Share of the time without service.")
@click.option("--seed", type=int, help="Makes its luck the same each time.")
@click.option(
    "--books", type=click.Path(dir_okay=False, path_type=Path), help="Keep the books in this file, too."
)
def bank_simulator(
    host: str,
    port: int,
    success_rate: float,
    latency: int,
    lost_replies: float,
    refusals: float,
    duplicates: float,
    outages: float,
    seed: int | None,
    books: Path | None,
) -> None:
    """Run a simulated bank, to try withdrawals with.

    It pays nobody, and fails as told. Name it to the workers by PURSER_BANK_URL. docs/bank.md has its protocol.
    """
    import secrets

    from workers.simulated_bank.process import run

    behaviour = Behaviour(success_rate, latency, lost_replies, refusals, duplicates, outages)
    if seed is None:
        seed = secrets.randbelow(2**32)
    # Started with `&` or ended by `kill`, it goes the way of Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with _refusable(), listen(host, port, host_setting="--host", port_setting="--port") as listening:
            address = url_of(host, listening.getsockname()[1])
            greeting = f"The simulated bank answers at {address} (seed {seed})."
            run(behaviour, seed, books, listening, on_ready=lambda: tell(greeting))
    except KeyboardInterrupt:
        tell("Stopped.")


@click.command(hidden=True)
@click.argument("listening_descriptor", type=int)
@click.argument("ready_descriptor", type=int)
@click.argument("launcher_descriptor", type=int)
def bank_process(listening_descriptor: int, ready_descriptor: int, launcher_descriptor: int) -> None:
    """The simulated bank of `purser serve`, which passes the descriptors on; its books are in the data folder."""
    join_folder()
    import secrets

    from workers.simulated_bank.process import run

    settings = load_settings()

    with _refusable():
        run(
            USUAL,
            secrets.randbelow(2**32),
            settings.data_dir / BOOKS_FILE,
            socket.socket(fileno=listening_descriptor),
            on_ready=partial(tell_ready, ready_descriptor),
            launcher_descriptor=launcher_descriptor,
            log_level=settings.log_level,
        )


@contextmanager
def _refusable() -> Iterator[None]:
    from workers.simulated_bank.journal import JournalError

    try:
        yield
    except (ListenError, JournalError) as refused:
        raise click.ClickException(str(refused)) from None
