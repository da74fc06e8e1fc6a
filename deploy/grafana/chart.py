"""One panel as a value, and the expressions that several panels share."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Literal, TypeAlias

from deploy.grafana.promql import quantile, rate, selector, total

__all__ = ["OBJECTIVE_S", "Chart", "buckets", "gauges", "increases", "quantiles", "rates", "shares"]

Queries: TypeAlias = Mapping[str, str]
"""Expression by legend."""

OBJECTIVE_S = 0.25
"""99 % of the messages are to be answered so fast; the alert rules say the same [s]."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel."""

    kind: Literal["stat", "lines", "heat", "table"]
    title: str

    metric: str
    """Whose help text describes the panel."""

    queries: Queries

    _: KW_ONLY

    unit: str
    """Of Grafana's units; of the vertical axis in a heat map."""

    width: int = 8
    """Of 24 columns."""

    note: str = ""
    """What the help text does not say."""

    red_above: float | None = None

    repeat: str | None = None
    """The variable for each of whose values the panel is drawn."""

    hidden: tuple[str, ...] = ("Time",)
    """Columns that a table leaves out."""


def legend(labels: tuple[str, ...]) -> str:
    """Return the legend that names a line by its labels.

    >>> legend(("stream", "outcome"))
    '{{stream}} {{outcome}}'
    """
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def rates(metric: str, *by: str) -> Queries:
    """Return a counter's rate, one line for each combination of labels."""
    return {legend(by): rate(metric, *by)}


def increases(metric: str, *by: str, over: str = "$__range") -> Queries:
    """Return how much a counter grew, by default over all of the dashboard's time."""
    return {legend(by): total(f"increase({selector(metric)}[{over}])", *by)}


def shares(metric: str, part: tuple[str, ...], of: str) -> Queries:
    """Return the rate of each part, as a share of its stream's rate."""
    return {legend(part): f"{rate(metric, *part)} / on (stream) group_left () {of}"}


def gauges(metric: str, *by: str) -> Queries:
    """Return a gauge, one line for each combination of labels."""
    return {legend(by): total(selector(metric), *by)}


def quantiles(metric: str) -> Queries:
    """Return the three quantiles that every latency is judged by."""
    return {f"p{100 * q:.0f}": quantile(q, metric) for q in (0.5, 0.95, 0.99)}


def buckets(metric: str, where: str = "") -> Queries:
    """Return the rate of a histogram's buckets, for a heat map."""
    return {"{{le}}": rate(metric, "le", where=where)}
