"""While traces are off they cost nothing: nothing of OpenTelemetry is there to cost it."""

import subprocess
import sys

from runtime import tracing

LOADS_ALL = """
import sys
from app import create_app
from runtime.settings import Settings
import workers.worker
create_app(Settings(database_url="postgresql://nobody@localhost/none"))
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_nothing_is_imported_while_they_are_off() -> None:
    done = subprocess.run([sys.executable, "-c", LOADS_ALL], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_span_that_is_off_passes_all_through() -> None:
    with tracing.span("nothing", {}):
        assert tracing.current() is None
        assert tracing.headers() == {}
        assert not tracing.is_on()
