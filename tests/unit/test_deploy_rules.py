"""The rules of Prometheus, tested by Prometheus's own tool and against our metrics."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from pipeline.metrics import LATENCY_S
from tests.conftest import unavailable
from tests.deployed import DEPLOY, ROOT, RULES, RUNBOOK, alerts, rule_name, rules, strangers

RULES_TEST = RULES.with_name("skytriage.rules.test.yml")

by_name = pytest.mark.parametrize("rule", rules(), ids=rule_name)
each_alert = pytest.mark.parametrize("alert", alerts(), ids=rule_name)


def promtool(*arguments: str | Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        unavailable("promtool is not installed (Debian's package prometheus)")
    command = [tool, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_configuration_and_the_rules_in_it():
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")


def test_every_alert_fires_and_stays_quiet_when_it_should():
    promtool("test", "rules", RULES_TEST)


@each_alert
def test_the_rule_tests_show_an_alert_firing_and_quiet(alert):
    shown = {
        bool(case.get("exp_alerts"))
        for test in yaml.safe_load(RULES_TEST.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == alert["alert"]
    }
    assert shown == {True, False}


@by_name
def test_a_rule_asks_only_for_what_is_exported(rule):
    assert strangers(rule["expr"]) == []


@each_alert
def test_an_alert_says_what_is_wrong_how_bad_it_is_and_where_to_read_on(alert):
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    assert alert["labels"]["severity"] in {"page", "ticket"}


@each_alert
def test_the_runbook_has_the_heading_that_an_alert_links_to(alert):
    path, anchor = alert["annotations"]["runbook"].split("#")
    headings = re.findall(r"^## (.*)$", (ROOT / path).read_text(), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]


def test_the_runbook_describes_no_alert_that_is_gone():
    headings = re.findall(r"^## (Skytriage.*)$", RUNBOOK.read_text(), re.MULTILINE)
    assert headings == [alert["alert"] for alert in alerts()]


def test_the_latency_objective_is_an_edge_of_the_histogram():
    edges = {float(edge) for edge in re.findall(r'le="([^"]+)"', RULES.read_text())}
    assert edges
    assert edges <= set(LATENCY_S)
