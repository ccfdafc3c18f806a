"""Alerts and dashboard in `deploy` use metrics that exist; Prometheus evaluates the alerts."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from syndicate.telemetry import exposition
from tests.project_documents import ROOT, find_program

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
RULES_TEST = ROOT / "deploy" / "prometheus" / "rules_test.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"


def exported_series() -> set[str]:
    """Return the names of all series that a process can export, and that of Prometheus itself."""
    names = {"up"}
    for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", exposition().decode(), re.MULTILINE):
        names |= (
            {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
        )
    return names


def used_series(expressions: list[str]) -> set[str]:
    """Return the names of the series in PromQL expressions."""
    text = "\n".join(re.sub(r"\{.*?\}|\[.*?\]", "", expression) for expression in expressions)
    return set(re.findall(r"\b(?:syndicate_\w+|process_\w+|up)\b", text))


def rule_expressions() -> list[str]:
    """Return the expressions of the alerts."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    """Return the expressions of the panels."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.mark.parametrize("expressions", [rule_expressions(), dashboard_expressions()])
def test_every_used_series_is_exported(expressions: list[str]) -> None:
    """A renamed metric would make an alert silent."""
    used = used_series(expressions)
    assert len(used) >= 10
    assert used - exported_series() == set()


def test_every_alert_of_a_failure_is_evaluated() -> None:
    """The tests of the rules name each alert."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    assert set(re.findall(r'alertname="(\w+)"', RULES_TEST.read_text())) == alerts


@pytest.mark.parametrize(
    "arguments", [("check", "rules", RULES.name), ("test", "rules", RULES_TEST.name)]
)
def test_prometheus_accepts_and_evaluates_the_alerts(arguments: tuple[str, ...]) -> None:
    """With made-up series: each alert fires for its failure, and none in a healthy service."""
    result = subprocess.run(
        [find_program("promtool"), *arguments],
        cwd=RULES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    """Each has an id and a title of its own."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)


def test_no_series_says_when_a_metric_was_created() -> None:
    """There would be one for each counter and histogram, which nobody queries."""
    assert "_created" not in exposition().decode()


def test_the_guide_names_the_files() -> None:
    """An operator finds them."""
    guide = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    for file in (RULES, DASHBOARD):
        assert f"(../../{Path(file).relative_to(ROOT)})" in guide
