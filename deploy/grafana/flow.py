"""The rows about numbers: what comes in, what goes out, what waits, who works."""

from deploy.grafana.chart import OBJECTIVE_S, Chart, gauges, increases, quantiles, rates, shares
from deploy.grafana.promql import rate, selector, total

__all__ = ["FLOW"]

ALERTS = "skytriage_alerts"
BUILD = "skytriage_build_info"
COMMITTED = "skytriage_last_commit_timestamp_seconds"
CONSUMED = "skytriage_messages_consumed"
DEAD = "skytriage_dead_letters"
END_TO_END = "skytriage_end_to_end_seconds"
LAG = "skytriage_consumer_lag_messages"
MESSAGES = "skytriage_messages"
NETWORK = "skytriage_network_info"
RESTARTS = "skytriage_worker_restarts"
WORKERS = "skytriage_workers"

OBJECTIVE = f"Red above the objective of {OBJECTIVE_S} s."
RANGE = "Over the dashboard's time range."
CLASSIFIED = rate(MESSAGES, "stream", where='outcome!="dead_letter"')

FLOW = {
    "Overview": (
        Chart("stat", "Throughput", MESSAGES, {"": rate(MESSAGES)}, unit="cps", width=4),
        Chart("stat", "Lag", LAG, {"": total(selector(LAG))}, unit="short", width=4),
        Chart(
            "stat",
            "Broker to committed alert",
            END_TO_END,
            quantiles(END_TO_END),
            unit="s",
            width=6,
            note=OBJECTIVE,
            red_above=OBJECTIVE_S,
        ),
        Chart(
            "stat",
            "Outcomes",
            MESSAGES,
            increases(MESSAGES, "outcome"),
            unit="short",
            width=6,
            note=RANGE,
        ),
        Chart("stat", "Workers", WORKERS, gauges(WORKERS, "state"), unit="short", width=4),
    ),
    "Throughput": (
        Chart("lines", "Messages read", CONSUMED, rates(CONSUMED, "topic"), unit="cps"),
        Chart(
            "lines",
            "Messages done",
            MESSAGES,
            rates(MESSAGES, "stream", "outcome"),
            unit="cps",
        ),
        Chart("lines", "Alerts", ALERTS, rates(ALERTS, "stream", "network"), unit="cps"),
    ),
    "Lag": (
        Chart(
            "lines",
            "Lag by partition",
            LAG,
            gauges(LAG, "topic", "partition"),
            unit="short",
        ),
        Chart(
            "lines",
            "Time to work off the lag",
            LAG,
            {"{{topic}}": f"{total(selector(LAG), 'topic')} / {rate(CONSUMED, 'topic')}"},
            unit="s",
            note="At the present rate.",
        ),
        Chart(
            "lines",
            "Since the last commit",
            COMMITTED,
            {"{{instance}} {{worker}}": f"time() - {selector(COMMITTED)}"},
            unit="s",
            note="Harmless without lag: there is nothing to commit.",
        ),
    ),
    "Outcomes and dead letters": (
        Chart(
            "lines",
            "Share of each outcome",
            MESSAGES,
            shares(MESSAGES, ("stream", "outcome"), rate(MESSAGES, "stream")),
            unit="percentunit",
        ),
        Chart(
            "lines",
            "Dead letters by stage and reason",
            DEAD,
            rates(DEAD, "stage", "reason"),
            unit="cps",
        ),
        Chart(
            "table",
            "Dead letters",
            DEAD,
            increases(DEAD, "stream", "stage", "reason"),
            unit="short",
            note=RANGE,
        ),
    ),
    "Workers and networks": (
        Chart(
            "lines",
            "Deaths of workers",
            RESTARTS,
            increases(RESTARTS, "instance", "reason", over="$__rate_interval"),
            unit="short",
        ),
        Chart(
            "lines",
            "Share of alerts",
            ALERTS,
            shares(ALERTS, ("stream", "network"), CLASSIFIED),
            unit="percentunit",
            note="Of all classified messages.",
        ),
        Chart(
            "table",
            "Versions",
            BUILD,
            {"": selector(BUILD)},
            unit="none",
            hidden=("Time", "Value", "__name__", "job"),
        ),
        Chart(
            "table",
            "Networks",
            NETWORK,
            {"": selector(NETWORK)},
            unit="none",
            width=24,
            note="One line for each worker and stream.",
            hidden=("Time", "Value", "__name__", "job"),
        ),
    ),
}
