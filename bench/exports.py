"""`python -m bench.exports`: a long history as a file, and how much memory the API process had at most."""

import asyncio
import sys
import time
from pathlib import Path

import asyncpg
import click
import httpx

from auth.principal import Role
from auth.tokens import Tokens
from bench.database import BenchmarkError, check_invariants, loaded_database
from bench.machine import describe
from bench.memory import api_processes, peak_mib
from bench.population import (
    FIRST_MERCHANT,
    FIRST_PAYER,
    WALLET,
    Population,
    bearer_token,
    wallet_id,
    wallet_token,
)
from bench.servers import service
from ledger.tokens import write_token

LENGTHEN = Path(__file__).with_name("long_history.sql")
MEMORY_MIB_MAX = 150
POPULATION = Population(payers=1_000, merchants=1)
EXPORT = """
mutation ($wallet: WalletToken!, $format: ExportFormat!) {
  exportHistory(input: { wallet: $wallet, format: $format }) { url }
}
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1))
def main(rows: int) -> None:
    """Exports a merchant's history of so many charges, in both formats, from one API process."""
    for name, value in describe().items():
        print(f"{name}: {value}", flush=True)
    with loaded_database(POPULATION) as dsn:
        asyncio.run(_lengthen(dsn, rows))
        check_invariants(dsn, POPULATION)
        with service(dsn, 1) as (port, secret_key, launcher):
            token = bearer_token(Tokens([secret_key]), FIRST_MERCHANT, Role.COMPANY)
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
            ) as http:
                (process,) = api_processes(launcher)
                print(f"The API process after its start: {peak_mib(process):.0f} MiB")
                for export_format in ("CSV", "JSON_LINES"):
                    _download(http, export_format, rows, process)


def _download(http: httpx.Client, export_format: str, rows: int, process: int) -> None:
    variables = {
        "wallet": write_token(*wallet_token(FIRST_MERCHANT)),
        "format": export_format,
    }
    asked_at = time.perf_counter()
    answer = http.post("/graphql", json={"query": EXPORT, "variables": variables}).json()
    linked_at = time.perf_counter()
    size, lines = 0, 0
    with httpx.stream("GET", answer["data"]["exportHistory"]["url"], timeout=60) as download:
        for piece in download.iter_raw(2**20):
            size += len(piece)
            lines += piece.count(b"\n")
    seconds = time.perf_counter() - linked_at
    # A header or a trailer.
    if lines != rows + 1:
        raise BenchmarkError(f"{lines} lines instead of {rows + 1}")
    if (memory_mib := peak_mib(process)) > MEMORY_MIB_MAX:
        raise BenchmarkError(f"The API process had {memory_mib:.0f} MiB, more than {MEMORY_MIB_MAX}.")
    print(
        f"{export_format}: link in {(linked_at - asked_at) * 1000:.0f} ms, {rows:,} rows, {size / 1e6:.0f} MB in "
        f"{seconds:.1f} s ({rows / seconds:,.0f} rows/s); API process at most {memory_mib:.0f} MiB"
    )


async def _lengthen(dsn: str, rows: int) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        began = time.perf_counter()
        await connection.execute(
            LENGTHEN.read_text(), rows, wallet_id(FIRST_MERCHANT), POPULATION.payers, WALLET, FIRST_PAYER
        )
        print(f"{rows:,} charges loaded in {time.perf_counter() - began:.0f} s", flush=True)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


if __name__ == "__main__":
    try:
        main()
    except BenchmarkError as wrong:
        sys.exit(f"The benchmark failed. {wrong}")
