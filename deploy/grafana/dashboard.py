"""Write the Grafana dashboard: `python -m deploy.grafana.dashboard`.

Writes `skytriage.json` beside this file, or prints it with `--print`.  The
JSON is committed, because that is what Grafana provisions; a test says that it
is what this program writes.
"""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TypeAlias

from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    VizLegendOptions,
)
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.heatmap import (
    CellValues,
    HeatmapColorOptions,
    YAxisConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.chart import Chart
from deploy.grafana.rows import ROWS
from pipeline.metrics import DEFINITIONS

PANEL_HEIGHT = 8
STAT_HEIGHT = 4

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

Panel: TypeAlias = heatmap.Panel | stat.Panel | table.Panel | timeseries.Panel


def query(chart: Chart, legend: str, expression: str, letter: str) -> Dataquery:
    """Return one query of a panel."""
    target = Dataquery().ref_id(letter).expr(expression).legend_format(legend)
    if chart.kind == "heat":
        return target.range().format(PromQueryFormat.HEATMAP)
    if chart.kind == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    return target.range()


def empty_panel(chart: Chart) -> Panel:
    """Return the panel of a chart's kind, without what all kinds share."""
    if chart.kind == "stat":
        return stat.Panel().reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    if chart.kind == "heat":
        colours = HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Viridis")
        return (
            heatmap.Panel()
            .calculate(False)
            .color(colours.steps(64))
            .y_axis(YAxisConfig().unit(chart.unit))
            .cell_values(CellValues().unit("cps"))
            .show_tooltip()
        )
    if chart.kind == "table":
        excluded = dict.fromkeys(chart.hidden, True)
        return (
            table.Panel()
            .show_header(True)
            .with_transformation(
                DataTransformerConfig(id_val="organize", options={"excludeByName": excluded})
            )
        )
    legend = VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True)
    style = GraphThresholdsStyleConfig().mode(
        GraphTresholdsStyleMode.OFF if chart.red_above is None else GraphTresholdsStyleMode.LINE
    )
    return (
        timeseries.Panel()
        .min(0)
        .thresholds_style(style)
        .fill_opacity(10)
        .show_points(VisibilityMode.NEVER)
        .legend(legend.placement(LegendPlacement.BOTTOM))
    )


def panel(chart: Chart) -> Panel:
    """Return the panel of a chart."""
    steps = [Threshold(value=None, color="green")]
    if chart.red_above is not None:
        steps.append(Threshold(value=chart.red_above, color="red"))
    result = (
        empty_panel(chart)
        .title(chart.title)
        .description(f"{DEFINITIONS[chart.metric].help} {chart.note}".strip())
        .datasource(SOURCE)
        .unit(chart.unit)
        .height(STAT_HEIGHT if chart.kind == "stat" else PANEL_HEIGHT)
        .span(chart.width)
        .thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    )
    if chart.repeat:
        result = result.repeat(chart.repeat).repeat_direction("h")
    for letter, (legend, expression) in zip("ABC", chart.queries.items(), strict=False):
        result = result.with_target(query(chart, legend, expression, letter))
    return result


def variables() -> Iterator[DatasourceVariable | QueryVariable]:
    """Yield what the reader of the dashboard can choose."""
    yield (DatasourceVariable("datasource").label("Data source").type("prometheus"))
    narrowed = ""
    for label, metric in {
        "job": "skytriage_network_info",
        "instance": "skytriage_network_info",
        "stream": "skytriage_network_info",
        "stage": "skytriage_stage_seconds",
    }.items():
        suffix = "_count" if DEFINITIONS[metric].kind == "histogram" else ""
        yield (
            QueryVariable(label)
            .label(label.capitalize())
            .datasource(SOURCE)
            .query(f"label_values({metric}{suffix}{narrowed}, {label})")
            .multi(True)
            .include_all(True)
            .all_value(".+")
            .current(VariableOption(selected=True, text="All", value="$__all"))
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
        )
        narrowed = '{job=~"$job"}'


def dashboard() -> Dashboard:
    """Return the whole dashboard."""
    result = (
        Dashboard("skytriage")
        .uid("skytriage")
        .description("What comes in, what goes out, and where the time goes.")
        .tags(["skytriage"])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .timezone("utc")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    for variable in variables():
        result = result.with_variable(variable)
    # Grafana numbers panels that have no id, differently each time.
    number = count(1)
    for title, charts in ROWS.items():
        result = result.with_row(Row(title).id(next(number)))
        for chart in charts:
            result = result.with_panel(panel(chart).id(next(number)))
    return result


def main() -> None:
    """Write or print the dashboard."""
    text = JSONEncoder(sort_keys=True, indent=2).encode(dashboard().build()) + "\n"
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text)
    else:
        Path(__file__).with_name("skytriage.json").write_text(text)


if __name__ == "__main__":
    main()
