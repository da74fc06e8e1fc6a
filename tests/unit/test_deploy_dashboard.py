"""The dashboard: that it is what its program writes, and what dashboards are usually faulted for."""

import re
import subprocess
import sys

import promql_parser
import pytest
import yaml

from deploy.grafana.chart import OBJECTIVE_S
from pipeline.metrics import DEFINITIONS
from tests.deployed import (
    DASHBOARD,
    DEPLOY,
    EXPORTED,
    ROOT,
    RULES,
    SUFFIXES,
    dashboard,
    nodes,
    panels,
    queries,
    selectors,
    strangers,
)

UNITS = {"cps", "none", "percentunit", "s", "short"}
"""Those of Grafana's units that we use."""

each_panel = pytest.mark.parametrize("panel", panels(), ids=lambda p: f"{p['id']} {p['title']}")
each_expression = pytest.mark.parametrize("expression", queries().values(), ids=queries())
each_choice = pytest.mark.parametrize("name", ["job", "instance", "stream", "stage"])


def variable(name):
    return next(v for v in dashboard()["templating"]["list"] if v["name"] == name)


def test_the_committed_dashboard_is_what_its_program_writes():
    program = [sys.executable, "-m", "deploy.grafana.dashboard", "--print"]
    written = subprocess.run(program, cwd=ROOT, capture_output=True, check=True, timeout=60).stdout
    assert written == DASHBOARD.read_bytes()


def test_every_metric_is_on_the_dashboard():
    shown = {
        selector.name for expression in queries().values() for selector in selectors(expression)
    }
    missing = [
        name
        for name, definition in DEFINITIONS.items()
        if shown.isdisjoint(name + suffix for suffix in SUFFIXES[definition.kind])
    ]
    assert missing == []


def test_the_dashboard_cannot_be_edited_in_grafana():
    assert dashboard()["editable"] is False


def test_the_data_source_can_be_chosen():
    source = variable("datasource")
    assert (source["type"], source["query"], source["label"]) == (
        "datasource",
        "prometheus",
        "Data source",
    )


@each_choice
def test_a_variable_takes_its_values_from_the_data_and_takes_many(name):
    choice = variable(name)
    assert choice["query"].startswith("label_values(")
    assert choice["datasource"]["uid"] == "${datasource}"
    assert choice["label"] == name.capitalize()
    assert (choice["multi"], choice["allValue"], choice["refresh"]) == (True, ".+", 2)


@each_choice
def test_a_variable_asks_for_a_series_that_exists(name):
    inside = variable(name)["query"].removeprefix("label_values(").removesuffix(f", {name})")
    assert strangers(inside) == []


@each_panel
def test_a_panel_has_a_title_a_description_a_unit_and_the_chosen_data_source(panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"]["uid"] == "${datasource}"


@each_panel
def test_a_panel_has_queries_that_can_be_told_apart(panel):
    letters = [target["refId"] for target in panel["targets"]]
    assert letters
    assert len(set(letters)) == len(letters)


def test_no_two_panels_lie_on_each_other():
    cells = [
        (x, y)
        for panel in dashboard()["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


@each_expression
def test_an_expression_asks_only_for_what_is_exported(expression):
    assert strangers(expression) == []


@each_expression
def test_an_expression_asks_for_the_chosen_job_and_instance_and_stream(expression):
    unasked = [
        (selector.name, label)
        for selector in selectors(expression)
        for label in {"job", "instance"} | EXPORTED[selector.name] & {"stream"}
        if (label, "=~", ".+") not in selector.matchers
    ]
    assert unasked == []


@each_expression
def test_a_counter_is_shown_as_a_rate_or_an_increase(expression):
    bare = [
        node.name
        for node, above in nodes(expression)
        if isinstance(node, promql_parser.VectorSelector)
        and node.name.endswith(("_total", "_bucket", "_sum", "_count"))
        and not (
            isinstance(above[-1], promql_parser.MatrixSelector)
            and above[-2].func.name in {"rate", "increase"}
        )
    ]
    assert bare == []


@each_expression
def test_ranges_follow_grafanas_interval(expression):
    assert set(re.findall(r"\[([^]]*)\]", expression)) <= {"$__rate_interval", "$__range"}


@each_expression
def test_rates_are_taken_before_sums(expression):
    naked = [
        node.prettify()
        for node, above in nodes(expression)
        if isinstance(node, promql_parser.Call)
        and node.func.name in {"rate", "increase"}
        and not isinstance(above[-1], promql_parser.AggregateExpr)
    ]
    assert naked == []


@each_panel
def test_buckets_become_quantiles_shares_or_heat_maps(panel):
    loose = [
        target["expr"]
        for target in panel["targets"]
        if "_bucket" in target["expr"]
        and "histogram_quantile" not in target["expr"]
        and 'le="' not in target["expr"]
        and target.get("format") != "heatmap"
    ]
    assert loose == []


def test_dashboard_and_rules_have_the_same_objective():
    assert f'le="{OBJECTIVE_S}"' in RULES.read_text()


def test_grafana_is_told_prometheus_scrape_interval():
    # $__rate_interval is made from it; a wrong one gives panels with gaps.
    source = yaml.safe_load(
        (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )
    prometheus = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    interval = source["datasources"][0]["jsonData"]["timeInterval"]
    assert interval == prometheus["global"]["scrape_interval"]
