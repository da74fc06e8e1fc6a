"""What `deploy/` asks of Prometheus: the rules, the panels, and the series in their expressions."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from pipeline.metrics import DEFINITIONS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "skytriage.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "skytriage.json"
RUNBOOK = DEPLOY / "runbook.md"

SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}

EXPORTED = {
    name + suffix: frozenset(definition.labels) | ({"le"} if suffix == "_bucket" else set())
    for name, definition in DEFINITIONS.items()
    for suffix in SUFFIXES[definition.kind]
}
"""Labels by the name of each series that the daemon exports."""

FOREIGN = {"up": frozenset(), "process_start_time_seconds": frozenset()}
"""Series that Prometheus or its client library makes."""

SCRAPED = frozenset({"job", "instance"})
"""Labels that every scraped series has."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector of series in an expression."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    """Label, operator and value."""

    text: str


def substituted(expression: str, interval: str = "1m") -> str:
    """Put values in the place of Grafana's variables."""
    for variable in ("job", "instance", "stream", "stage"):
        expression = expression.replace(f'"${variable}"', '".+"')
    return expression.replace("$__rate_interval", interval).replace("$__range", interval)


def nodes(expression: str) -> Iterator[tuple[promql_parser.Expr, tuple[promql_parser.Expr, ...]]]:
    """Yield every node of an expression with the nodes that it is in, outermost first."""
    found: list[tuple[promql_parser.Expr, tuple[promql_parser.Expr, ...]]] = []
    above: list[promql_parser.Expr] = []

    def enter(node: promql_parser.Expr) -> None:
        found.append((node, tuple(above)))
        above.append(node)

    def leave(node: promql_parser.Expr) -> None:
        above.pop()

    promql_parser.walk(promql_parser.parse(substituted(expression)), enter, leave)
    yield from found


def selectors(expression: str) -> Iterator[Selector]:
    """Yield the selectors of an expression."""
    operators = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    for node, _ in nodes(expression):
        if isinstance(node, promql_parser.VectorSelector):
            matchers = tuple(
                (m.name, operators[str(m.op).split(".")[-1]], m.value)
                for m in node.matchers.matchers
            )
            inside = ",".join(f'{label}{op}"{value}"' for label, op, value in matchers)
            yield Selector(node.name, matchers, f"{node.name}{{{inside}}}")


@cache
def rules() -> tuple[dict[str, Any], ...]:
    """Return all rules."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return tuple(rule for group in groups for rule in group["rules"])


def alerts() -> tuple[dict[str, Any], ...]:
    """Return the alerting rules."""
    return tuple(rule for rule in rules() if "alert" in rule)


def rule_name(rule: dict[str, Any]) -> str:
    """Return what a rule is called."""
    return rule.get("alert") or rule["record"]


@cache
def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana gets it."""
    return json.loads(DASHBOARD.read_text())


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels, without the rows' titles."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    """Return the expression of every query of every panel, by number, title and letter."""
    return {
        f"{panel['id']} {panel['title']} {target['refId']}": target["expr"]
        for panel in panels()
        for target in panel["targets"]
    }


def strangers(expression: str) -> list[str]:
    """Return what an expression asks for and nothing exports."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = EXPORTED | FOREIGN
    faults = []
    for selector in selectors(expression):
        if selector.name in recorded:
            continue
        if selector.name not in known:
            faults.append(selector.name)
            continue
        labels = known[selector.name] | SCRAPED
        faults += [
            f"{selector.name}: {label}" for label, _, _ in selector.matchers if label not in labels
        ]
    return faults
