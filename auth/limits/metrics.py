"""What Prometheus is told of the rate limits. docs/metrics.md has the table."""

from prometheus_client import Counter

RATE_LIMITED = Counter(
    "purser_rate_limited_total", "Requests that were refused because a limit was spent.", ["by"]
)

# They count from zero, also where nothing is limited.
for _by in ("account", "address"):
    RATE_LIMITED.labels(_by)
