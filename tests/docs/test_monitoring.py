"""docs/monitoring.md against the alert rules and the dashboards."""

import re

from deploy.grafana.dashboards import FOLDER
from tests.docs.tables import ROOT

TEXT = (ROOT / "docs" / "monitoring.md").read_text()
RULES = (FOLDER.parent.parent / "prometheus" / "rules.yml").read_text()


def test_every_alert_is_there_with_its_severity() -> None:
    told = re.findall(r"^\| `(Purser\w+)` \|.*\| (\w+) \|$", TEXT, re.MULTILINE)
    assert told == re.findall(r"alert: (\w+).*?severity: (\w+)", RULES, re.DOTALL)


def test_every_dashboard_is_there() -> None:
    assert set(re.findall(r"^\| `(\w+\.json)` \|", TEXT, re.MULTILINE)) == {
        file.name for file in FOLDER.iterdir()
    }
