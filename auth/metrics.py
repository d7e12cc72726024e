"""What Prometheus is told of log-ins. docs/metrics.md has the table."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from auth.errors import Overloaded, RateLimited

LOGINS = Counter("purser_logins_total", "Log-ins that were tried.", ["outcome"])
LOGGED_IN = LOGINS.labels("ok")
REFUSED = LOGINS.labels("bad_credentials")
_RATE_LIMITED = LOGINS.labels("rate_limited")
_OVERLOADED = LOGINS.labels("overloaded")
_ERROR = LOGINS.labels("error")


@contextmanager
def counting_failures() -> Iterator[None]:
    """Counts a log-in that comes to no verdict."""
    try:
        yield
    except RateLimited:
        _RATE_LIMITED.inc()
        raise
    except Overloaded:
        _OVERLOADED.inc()
        raise
    except Exception:
        _ERROR.inc()
        raise
