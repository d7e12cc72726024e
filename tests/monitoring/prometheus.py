"""A Prometheus that scrapes a service every second, and its answers."""

import json
import shutil
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.grafana.dashboards import FOLDER
from tests.runtime.processes import wait_until

DEPLOY = FOLDER.parent.parent
RULES = DEPLOY / "prometheus" / "rules.yml"
SECONDS_MAX = 60

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (prometheus)")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs prometheus")


def promtool(*arguments: str | Path) -> None:
    """Runs it; fails with what it says where it is not content."""
    ran = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=SECONDS_MAX)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def expressions() -> list[str]:
    """What the dashboards ask for, over intervals that suit a scrape a second."""
    panels = [panel for file in FOLDER.glob("*.json") for panel in json.loads(file.read_text())["panels"]]
    asked = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [expression.replace("$__rate_interval", "10s") for expression in asked]


class Prometheus:
    """One that runs, at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What the expression gives now."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
            told: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return told

    def rules(self) -> list[dict[str, Any]]:
        """The alert rules, with their state."""
        with urllib.request.urlopen(f"{self.url}/api/v1/rules", timeout=10) as answer:
            (group,) = json.load(answer)["data"]["groups"]
        rules: list[dict[str, Any]] = group["rules"]
        return rules

    def is_ready(self) -> bool:
        try:
            return bool(self.ask('up{job="purser"} == 1'))
        except (urllib.error.URLError, ConnectionError):
            return False


@contextmanager
def scraping(folder: Path, service_url: str) -> Iterator[Prometheus]:
    """One that scrapes this service, by our rules, until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    target = urllib.parse.urlsplit(service_url).netloc
    configuration = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "purser", "static_configs": [{"targets": [target]}]}],
    }
    # JSON is YAML too.
    (folder / "prometheus.yml").write_text(json.dumps(configuration))
    arguments = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["prometheus", *arguments, f"--web.listen-address={address}"], stdout=log, stderr=log
        )
    try:
        prometheus = Prometheus(f"http://{address}")
        wait_until(prometheus.is_ready, f"Prometheus scrapes: {(folder / 'log').read_text()}")
        yield prometheus
    finally:
        process.terminate()
        process.wait(SECONDS_MAX)
