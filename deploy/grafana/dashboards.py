"""Writes the dashboards beside this file: `python -m deploy.grafana.dashboards`. Change them here, not there.

What a panel shows is one line here: its title, its unit, and its expressions with their legends.
"""

from pathlib import Path

from deploy.grafana.board import Figure, Graph, Line, Section, dashboard

FOLDER = Path(__file__).parent / "dashboards"


def _quantile(quantile: float, histogram: str, by: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({quantile}, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


def _quantiles(histogram: str) -> list[Line]:
    return [Line(_quantile(share / 100, histogram), f"p{share}") for share in (50, 95, 99)]


def _rate(counter: str, by: str = "") -> str:
    grouped = f"sum by ({by})" if by else "sum"
    return f"{grouped} (rate({counter}[$__rate_interval]))"


def _rates(counter: str, by: str) -> list[Line]:
    return [Line(_rate(counter, by), f"{{{{{by}}}}}")]


def _rates_of_many(counter: str, by: str) -> list[Line]:
    """Those that there are any of."""
    return [Line(f"{_rate(counter, by)} > 0", f"{{{{{by}}}}}")]


_ERROR_SHARE = (
    'sum(rate(purser_request_duration_seconds_count{outcome="error"}[$__rate_interval])) '
    "/ sum(rate(purser_request_duration_seconds_count[$__rate_interval])) or vector(0)"
)

SERVICE = (
    Section(
        "Requests",
        (
            Figure("Requests a second", "reqps", Line(_rate("purser_request_duration_seconds_count"), "")),
            Figure("Errors of ours", "percentunit", Line(_ERROR_SHARE, "")),
            Figure(
                "95 of 100 are answered within",
                "s",
                Line(_quantile(0.95, "purser_request_duration_seconds"), ""),
            ),
            Figure("Under way", "short", Line("sum(purser_requests_in_progress)", "")),
            Figure("Refused at the door, a second", "reqps", Line(_rate("purser_requests_shed_total"), "")),
            Figure("Instances up", "short", Line('sum(up{job="purser"})', "")),
            Graph(
                "Requests by outcome",
                "reqps",
                _rates("purser_request_duration_seconds_count", "outcome"),
                True,
            ),
            Graph("Duration", "s", _quantiles("purser_request_duration_seconds")),
            Graph(
                "The slowest operations, p95",
                "s",
                [
                    Line(
                        f"topk(10, {_quantile(0.95, 'purser_request_duration_seconds', 'operation')})",
                        "{{operation}}",
                    )
                ],
            ),
            Graph(
                "The most frequent operations",
                "reqps",
                [
                    Line(
                        f"topk(10, {_rate('purser_request_duration_seconds_count', 'operation')})",
                        "{{operation}}",
                    )
                ],
                True,
            ),
            Graph("Errors by code", "reqps", _rates_of_many("purser_errors_total", "code")),
            Graph(
                "Refused to protect the rest",
                "reqps",
                [
                    Line(_rate("purser_requests_shed_total"), "at the door"),
                    Line(_rate("purser_rate_limited_total", "by"), "rate limit of an {{by}}"),
                ],
            ),
        ),
    ),
    Section(
        "Group commit",
        (
            Graph(
                "Money mutations in a transaction",
                "short",
                [
                    Line(f"{_rate('purser_batch_size_sum')} / {_rate('purser_batch_size_count')}", "mean"),
                    Line(_quantile(0.95, "purser_batch_size"), "p95"),
                ],
            ),
            Graph("Wait for a transaction", "s", _quantiles("purser_queue_wait_seconds")),
            Graph("Waiting for a transaction", "short", [Line("sum(purser_queue_depth)", "mutations")]),
            Graph(
                "Steps of a transaction, mean",
                "s",
                [
                    Line(
                        f"{_rate('purser_batch_step_seconds_sum', 'step')} "
                        f"/ {_rate('purser_batch_step_seconds_count', 'step')}",
                        "{{step}}",
                    )
                ],
                True,
            ),
            Graph(
                "COMMIT",
                "s",
                [
                    Line(
                        f"histogram_quantile({share / 100}, sum by (le) "
                        '(rate(purser_batch_step_seconds_bucket{step="commit"}[$__rate_interval])))',
                        f"p{share}",
                    )
                    for share in (50, 95, 99)
                ],
            ),
            Graph(
                "Transactions",
                "ops",
                [
                    Line(_rate("purser_batch_seconds_count"), "ended"),
                    Line(_rate("purser_batch_retries_total"), "tried again"),
                ],
            ),
        ),
    ),
    Section(
        "Processes",
        (
            Graph(
                "Database connections in use, of those allowed",
                "percentunit",
                [
                    Line(
                        'sum by (pool) (purser_database_connections{state="in_use"}) '
                        "/ sum by (pool) (purser_database_connections_max)",
                        "{{pool}}",
                    )
                ],
            ),
            Graph(
                "Event loops come late, p99",
                "s",
                [Line(_quantile(0.99, "purser_event_loop_lag_seconds", "loop"), "{{loop}}")],
            ),
            Graph("Memory", "bytes", [Line("sum by (process) (purser_memory_bytes)", "{{process}}")], True),
            Graph("Log lines dropped", "short", [Line(_rate("purser_log_lines_dropped_total"), "a second")]),
            Graph(
                "Versions",
                "short",
                [Line("count by (version, python) (purser_build_info)", "{{version}} on Python {{python}}")],
                True,
            ),
            Graph("Up", "short", [Line('up{job=~"purser.*"}', "{{job}} {{instance}}")]),
        ),
    ),
)

_SUCCEEDED = 'purser_operations_total{status="SUCCEEDED"}'
_ENDED = 'purser_operations_total{status!="PENDING"}'
_FAILED = 'purser_operations_total{status="FAILED"}'

MONEY = (
    Section(
        "Operations",
        (
            Figure("Succeeded, a second", "ops", Line(_rate(_SUCCEEDED), "")),
            Figure(
                "Refused",
                "percentunit",
                Line(f"{_rate(_FAILED)} / {_rate(_ENDED)}", ""),
            ),
            Figure("Repeated by their key, a second", "ops", Line(_rate("purser_replays_total"), "")),
            Figure("Succeeded within a day", "short", Line(f"sum(increase({_SUCCEEDED}[1d]))", ""), width=6),
            Figure(
                "Log-ins refused, a second",
                "ops",
                Line(_rate('purser_logins_total{outcome!="ok"}'), ""),
                width=6,
            ),
            Graph("Succeeded by kind", "ops", _rates(_SUCCEEDED, "kind"), True, 12),
            Graph("Refused by kind", "ops", _rates(_FAILED, "kind"), True, 12),
            Graph("Refusals by code", "ops", _rates_of_many("purser_refusals_total", "code"), True, 12),
            Graph(
                "Repeated by their key", "ops", [Line(_rate("purser_replays_total"), "repeated")], width=12
            ),
        ),
    ),
    Section(
        "Amounts",
        (
            Graph(
                "What succeeded was about, in an hour",
                "short",
                [
                    Line(
                        "sum by (kind, currency) (increase(purser_amount_total[1h]))", "{{kind}} {{currency}}"
                    )
                ],
                width=12,
            ),
            Graph(
                "Paid in less what was paid out, in an hour",
                "short",
                [
                    Line(
                        'sum by (currency) (increase(purser_amount_total{kind="DEPOSIT"}[1h])) '
                        '- (sum by (currency) (increase(purser_amount_total{kind="WITHDRAWAL"}[1h])) '
                        'or sum by (currency) (increase(purser_amount_total{kind="DEPOSIT"}[1h])) * 0)',
                        "{{currency}}",
                    )
                ],
                width=12,
            ),
        ),
    ),
    Section(
        "Who comes in",
        (
            Graph("Log-ins", "ops", _rates("purser_logins_total", "outcome"), True, 12),
            Graph("Refused by a rate limit", "reqps", _rates("purser_rate_limited_total", "by"), width=12),
        ),
    ),
)

WORKERS = (
    Section(
        "Queue",
        (
            Figure("Queued", "short", Line("max(purser_queued_operations)", "")),
            Figure("The first has waited", "s", Line("max(purser_queued_operations_oldest_seconds)", "")),
            Figure("Withdrawals not known", "short", Line('max(purser_withdrawals{state="UNKNOWN"})', "")),
            Figure(
                "The first of them since",
                "s",
                Line('max(purser_withdrawals_oldest_seconds{state="UNKNOWN"})', ""),
            ),
            Figure("Partitions for", "s", Line("min(purser_partitions_ahead_seconds)", "")),
            Figure("Workers up", "short", Line('sum(up{job="purser-worker"}) or vector(0)', "")),
            Graph("Queued", "short", [Line("max(purser_queued_operations)", "operations")], width=12),
            Graph(
                "The first in the queue has waited",
                "s",
                [Line("max(purser_queued_operations_oldest_seconds)", "for")],
                width=12,
            ),
        ),
    ),
    Section(
        "Withdrawals",
        (
            Graph("By state", "short", [Line("max by (state) (purser_withdrawals)", "{{state}}")], True),
            Graph(
                "The oldest in its state",
                "s",
                [Line("max by (state) (purser_withdrawals_oldest_seconds)", "{{state}}")],
            ),
            Graph("What came of attempts", "ops", _rates("purser_withdrawal_attempts_total", "result"), True),
            Graph(
                "Calls to the bank",
                "reqps",
                [Line(_rate("purser_bank_call_seconds_count", "call, result"), "{{call}}: {{result}}")],
                True,
                12,
            ),
            Graph(
                "The bank answers within, p95",
                "s",
                [Line(_quantile(0.95, "purser_bank_call_seconds", "call"), "{{call}}")],
                width=12,
            ),
        ),
    ),
    Section(
        "Upkeep",
        (
            Graph(
                "Partitions are made for", "s", [Line("min(purser_partitions_ahead_seconds)", "from now on")]
            ),
            Graph(
                "Workers' memory",
                "bytes",
                [Line('sum by (instance) (purser_memory_bytes{process="worker"})', "{{instance}}")],
            ),
            Graph(
                "Workers' event loops come late, p99",
                "s",
                [
                    Line(
                        "histogram_quantile(0.99, sum by (le) "
                        '(rate(purser_event_loop_lag_seconds_bucket{loop="duties"}[$__rate_interval])))',
                        "p99",
                    )
                ],
            ),
        ),
    ),
)


def dashboards() -> dict[str, str]:
    """All of them, by the names of their files."""
    return {
        "service.json": dashboard("service", "Purser: the service", SERVICE),
        "money.json": dashboard("money", "Purser: money", MONEY),
        "workers.json": dashboard("workers", "Purser: workers", WORKERS),
    }


if __name__ == "__main__":
    for name, written in dashboards().items():
        (FOLDER / name).write_text(written)
