"""The table: medians of all rounds, how far they spread, and ratios within the rounds."""

from collections.abc import Mapping, Sequence

from bench.http_requests import BULK_SIZE
from bench.measurement import Measurement, median, median_ratio
from bench.pgbench import Setup
from bench.plan import BARE_ROUTE, MIXES, ONE_PGBENCH, QUEUED, UNQUEUED, Options

Results = Mapping[str, Sequence[Measurement]]

# What is asked of the ledger and of the service: at least so many times pgbench, statement by statement, by mix.
# The ledger at its best number of processes, as pgbench at its best number of clients: on one row several only
# wait for each other.
ASKED = {
    "ledgers, spread": ("spread", 2.5),
    "ledger, hot": ("hot", 7.0),
    "HTTP, spread": ("spread", 0.5),
    "HTTP, hot": ("hot", 1.2),
    "HTTP bulk, spread": ("spread", 1.5),
}
ASKED_OF_QUEUE_AT_MOST = 1.5

_TITLES = {
    "pgbench": "(a) pgbench at its best, one transaction a charge",
    "statements": "(a) pgbench, statement by statement",
    "ledger": "(b) the ledger, in one process",
    "ledgers": "(b) the ledger, in as many processes as the service",
    "HTTP": "(c) the service over HTTP",
    "HTTP deposit": "(c) the service over HTTP, deposits",
    "HTTP transfer": "(c) the service over HTTP, transfers",
    "HTTP bulk": f"(c) the service over HTTP, {BULK_SIZE} charges a request",
}
_HEADER = (
    "Charges a second",
    "median",
    "min to max",
    "x pgbench spread",
    "x pgbench hot",
    "asked",
    "p50 ms",
    "p99 ms",
    "client's CPU",
)
_HEADER_OF_ONE = ("One charge at a time", "mean ms (median of rounds)", "min to max", "p50 ms", "ratio")


def tables(results: Results, best: Mapping[str, Setup], options: Options) -> str:
    """Both tables and what belongs under them, in Markdown."""
    names = [f"{kind}, {mix}" for kind in _TITLES for mix in MIXES if f"{kind}, {mix}" in results]
    rows = [_row(name, results) for name in [*names, BARE_ROUTE]]
    return "\n".join(
        [
            *_table(_HEADER, rows),
            "",
            *_table(_HEADER_OF_ONE, _rows_of_one(results)),
            "",
            *_notes(best, options),
        ]
    )


def _row(name: str, results: Results) -> list[str]:
    measured = results[name]
    kind, _, mix = name.partition(", ")
    title = f"{_TITLES[kind]}: {mix}" if kind in _TITLES else f"{name}, requests"
    rates = [one.charges_per_second for one in measured]
    ratios = {other: median_ratio(measured, results[f"pgbench, {other}"]) for other in MIXES}
    asked = ""
    if name in ASKED:
        of, least = ASKED[name]
        ratio = median_ratio(measured, results[f"statements, {of}"])
        asked = f"≥ {least} x statements, {of}: {'reached' if ratio >= least else 'MISSED'} ({ratio:.2f})"
    client_cpu = median(one.client_cpu for one in measured)
    return [
        title,
        f"{median(rates):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        *(f"{ratio:.2f}" for ratio in ratios.values()),
        asked,
        _milliseconds(
            median(one.p50_ms for one in measured) or median(one.latency_mean_ms for one in measured)
        )
        + (" (mean)" if measured[0].p50_ms is None else ""),
        _milliseconds(median(one.p99_ms for one in measured)),
        "" if client_cpu is None else f"{client_cpu:.0%} of a core",
    ]


def _rows_of_one(results: Results) -> list[list[str]]:
    through_queue, without, by_pgbench = (results[name] for name in (QUEUED, UNQUEUED, ONE_PGBENCH))
    # A ratio of times is the other way round than one of rates.
    ratio = median_ratio(without, through_queue)
    verdict = "reached" if ratio <= ASKED_OF_QUEUE_AT_MOST else "MISSED"
    return [
        _row_of_one(
            "The ledger, through its queue",
            through_queue,
            f"{ratio:.2f} x without the queue (asked ≤ {ASKED_OF_QUEUE_AT_MOST}: {verdict}); "
            f"{median_ratio(by_pgbench, through_queue):.2f} x pgbench",
        ),
        _row_of_one(
            "The same writer without the queue",
            without,
            f"{median_ratio(by_pgbench, without):.2f} x pgbench",
        ),
        _row_of_one("pgbench, one client", by_pgbench, ""),
    ]


def _row_of_one(title: str, measured: Sequence[Measurement], ratio: str) -> list[str]:
    means = [one.latency_mean_ms for one in measured if one.latency_mean_ms is not None]
    return [
        title,
        _milliseconds(median(means)),
        f"{min(means):.2f} to {max(means):.2f}",
        _milliseconds(median(one.p50_ms for one in measured)),
        ratio,
    ]


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _notes(best: Mapping[str, Setup], options: Options) -> list[str]:
    setups = "; ".join(f"{mix}: {setup}" for mix, setup in best.items())
    return [
        f"- {options.rounds} rounds of {options.seconds} s each, interleaved; ratios are medians of the ratios "
        "within a round.",
        f"- spread: {options.population.payers:,} payers, {options.population.merchants:,} merchants; "
        "hot: one merchant.",
        f"- pgbench at its best ({setups}).",
        f"- The ledger in the process of its {options.ledger_tasks} clients, so that their CPU is the ledger's "
        f"too; the service with {options.workers} API processes and {options.connections} connections, the load "
        "generator on the same machine.",
        "- Each measurement began after a checkpoint; after each one the charges in the database were as many as "
        "were answered; after each round entries summed to zero and sampled balances were theirs.",
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
