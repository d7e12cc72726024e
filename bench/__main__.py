"""`python -m bench`: one run of everything, and its table."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from bench.database import BenchmarkError, loaded_database, server_settings
from bench.machine import cores, describe
from bench.plan import Options, Run, quick
from bench.population import Population
from bench.report import tables


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5, show_default=True, type=click.IntRange(1), help="Of each measurement.")
@click.option("--workers", default=None, type=click.IntRange(1), help="API processes; default by the cores.")
@click.option("--connections", default=256, show_default=True, type=click.IntRange(1), help="Over HTTP.")
@click.option("--tasks", default=1000, show_default=True, type=click.IntRange(1), help="In process.")
@click.option(
    "--quick", "is_quick", is_flag=True, help="A smoke test of a few seconds; its figures mean nothing."
)
@click.option("--write", type=click.Path(dir_okay=False, path_type=Path), help="Store the table there too.")
def main(
    rounds: int,
    seconds: int,
    workers: int | None,
    connections: int,
    tasks: int,
    is_quick: bool,
    write: Path | None,
) -> None:
    """Charges a second by pgbench, by the ledger in process and by the service over HTTP."""
    options = Options(
        rounds=rounds,
        seconds=seconds,
        warm_up_seconds=1.0,
        population=Population(payers=100_000, merchants=1_000),
        clients=(8, 16, 32, 64),
        search_seconds=2,
        search_passes=2,
        ledger_tasks=tasks,
        # The rest is PostgreSQL's, and the load generator's.
        workers=workers or max(2, cores() * 3 // 4),
        connections=connections,
    )
    if is_quick:
        options = quick(options)
    try:
        measured, table = _measure(options)
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
    print(f"\n{table}")
    if write is not None:
        write.write_text(_page(measured, table))


def _measure(options: Options) -> tuple[dict[str, str], str]:
    machine = describe()
    _print(machine)
    with loaded_database(options.population) as dsn:
        settings = server_settings(dsn)
        _print({f"PostgreSQL {name}": value for name, value in settings.items()})
        run = Run(dsn, options)
        run.find_best()
        run.run()
    machine["PostgreSQL"] = ", ".join(
        [settings.pop("server_version"), *(f"{name} {value}" for name, value in settings.items())]
    )
    return machine, tables(run.results, run.best, options)


def _print(facts: Mapping[str, str]) -> None:
    for name, value in facts.items():
        print(f"{name}: {value}", flush=True)


def _page(machine: Mapping[str, str], table: str) -> str:
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.items())
    return f"# Benchmark\n\nWritten by `make bench`; docs/performance.md says how to read it.\n\n{facts}\n\n{table}\n"


if __name__ == "__main__":
    main()
