"""The alert rules and the dashboards, by Prometheus' own tools and without a service."""

import json
import re
from pathlib import Path

from deploy.grafana.dashboards import FOLDER, dashboards
from tests.docs.tables import ROOT
from tests.monitoring.prometheus import RULES, expressions, needs_promtool, promtool

_METRIC = re.compile(r"\bpurser_[a-z_]+")
_PART_OF_HISTOGRAM = re.compile(r"_(bucket|count|sum)$")


def _documented() -> set[str]:
    return set(_METRIC.findall((ROOT / "docs" / "metrics.md").read_text()))


def _unknown(text: str) -> set[str]:
    documented = _documented()
    named = set(_METRIC.findall(text))
    return {
        name
        for name in named
        if name not in documented and _PART_OF_HISTOGRAM.sub("", name) not in documented
    }


@needs_promtool
def test_the_rules_are_sound_and_fire_when_they_should() -> None:
    promtool("check", "rules", RULES)
    promtool("test", "rules", RULES.with_name("rules_test.yml"))


def test_the_dashboards_are_those_of_the_code() -> None:
    assert {file.name: file.read_text() for file in FOLDER.glob("*.json")} == dashboards()


def test_what_rules_and_dashboards_ask_for_is_served() -> None:
    assert len(_documented()) > 20
    assert not _unknown(RULES.read_text())
    assert not _unknown(" ".join(expressions()))


def test_every_metric_is_on_a_dashboard() -> None:
    shown = {_PART_OF_HISTOGRAM.sub("", name) for name in _METRIC.findall(" ".join(expressions()))}
    assert _documented() <= shown


@needs_promtool
def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": asked} for number, asked in enumerate(expressions())]
    written = tmp_path / "panels.yml"
    written.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", written)
