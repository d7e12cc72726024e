"""Load in a process of its own, so that the benchmark's loop is not what is measured.

What to do goes to the process as JSON on its standard input, what came of it comes back on its standard output.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bench.database import CHECKOUT, BenchmarkError
from bench.measurement import Measurement

RUN_SECONDS_EXTRA = 60
ERROR_CHARACTERS_MAX = 4000


def run(module: str, task: Mapping[str, object], *, seconds: float) -> list[Measurement]:
    """What `python -m <module>` measured. Raises BenchmarkError where it failed; its stderr says why."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        timeout=seconds + RUN_SECONDS_EXTRA,
        check=False,
    )
    if done.returncode != 0:
        raise BenchmarkError(f"{module} failed:\n{done.stderr[-ERROR_CHARACTERS_MAX:]}")
    return [Measurement(**measured) for measured in json.loads(done.stdout)]


def read_task() -> dict[str, Any]:
    """In the process: what it was asked to do."""
    task: dict[str, Any] = json.load(sys.stdin)
    return task


def answer(*measurements: Measurement) -> None:
    """In the process: what it saw."""
    json.dump([asdict(measurement) for measurement in measurements], sys.stdout)
