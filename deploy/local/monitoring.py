"""Prometheus as a plain process, on the configuration that serves in production."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

CONFIGURATION = Path(__file__).resolve().parents[1] / "prometheus"


def prometheus_command(
    folder: Path, port: int, instances: Sequence[str], workers: Sequence[str]
) -> list[str] | None:
    """What runs it with its files in `folder`; None where it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        return None
    targets = folder / "targets"
    targets.mkdir(parents=True, exist_ok=True)
    for file in CONFIGURATION.glob("*.yml"):
        shutil.copy(file, folder)
    for name, addresses in (("instances", instances), ("workers", workers)):
        (targets / f"{name}.json").write_text(json.dumps([{"targets": list(addresses)}]))
    return [
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
