"""What Prometheus is told of overload. docs/metrics.md has the table."""

from prometheus_client import Counter

SHED = Counter(
    "purser_requests_shed_total",
    "Requests, and connections that found no place, that were refused before they reached the application.",
)
