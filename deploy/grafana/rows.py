"""What the dashboard shows, row by row.

The first sentences of each description are the metric's own help text.  A
metric that no panel shows fails a test, as does a panel without data from a
daemon at work.
"""

from deploy.grafana.chart import (
    Chart,
    buckets,
    gauges,
    increases,
    quantiles,
    rates,
    shares,
)
from deploy.grafana.promql import quantile, rate, selector, total

__all__ = ["ROWS"]

ALERTS = "skytriage_alerts"
BATCH = "skytriage_batch_messages"
COMMITTED = "skytriage_last_commit_timestamp_seconds"
CONSUMED = "skytriage_messages_consumed"
DEAD = "skytriage_dead_letters"
END_TO_END = "skytriage_end_to_end_seconds"
FROM_EVENT = "skytriage_event_to_alert_seconds"
IN_FLIGHT = "skytriage_in_flight_messages"
LAG = "skytriage_consumer_lag_messages"
MESSAGES = "skytriage_messages"
NETWORK = "skytriage_network_info"
PADDING = "skytriage_batch_padding"
PAUSED = "skytriage_paused"
REBALANCES = "skytriage_rebalances"
STAGE = "skytriage_stage_seconds"
TRANSACTIONS = "skytriage_transactions"
TRANSACTION_TIME = "skytriage_transaction_seconds"

OBJECTIVE_S = 0.25
"""99 % of the messages are to be answered so fast; the alert rules say the same [s]."""

RANGE = "Over the dashboard's time range."
OBJECTIVE = f"Red above the objective of {OBJECTIVE_S} s."

ON_TIME = rate(END_TO_END, "stream", where=f'le="{OBJECTIVE_S}"')
ALL = rate(END_TO_END, "stream", suffix="_count")
ROWS_COMPUTED = f"({rate(PADDING, 'stream')} + {rate(BATCH, 'stream', suffix='_sum')})"
CLASSIFIED = rate(MESSAGES, "stream", where='outcome!="dead_letter"')
WORKERS = f"count({total(selector(NETWORK), 'instance', 'worker')})"
WORKER = ("instance", "worker")

ROWS = {
    "Overview": (
        Chart("stat", "Throughput", MESSAGES, {"": rate(MESSAGES)}, unit="cps", width=4),
        Chart("stat", "Lag", LAG, {"": total(selector(LAG))}, unit="short", width=3),
        Chart(
            "stat",
            "Broker to committed alert",
            END_TO_END,
            quantiles(END_TO_END),
            unit="s",
            width=7,
            note=OBJECTIVE,
            red_above=OBJECTIVE_S,
        ),
        Chart(
            "stat",
            "Outcomes",
            MESSAGES,
            increases(MESSAGES, "outcome"),
            unit="short",
            width=7,
            note=RANGE,
        ),
        Chart(
            "stat",
            "Workers ready",
            NETWORK,
            {"": WORKERS},
            unit="short",
            width=3,
            note="A worker counts once it has loaded a network.",
        ),
    ),
    "Latency": (
        Chart(
            "heat",
            "Broker to committed alert",
            END_TO_END,
            buckets(END_TO_END),
            unit="s",
        ),
        Chart(
            "lines",
            "Broker to committed alert, quantiles",
            END_TO_END,
            quantiles(END_TO_END),
            unit="s",
            note=OBJECTIVE,
            red_above=OBJECTIVE_S,
        ),
        Chart(
            "lines",
            "Share of late messages",
            END_TO_END,
            {"{{stream}}": f"1 - {ON_TIME} / {ALL}"},
            unit="percentunit",
            note=f"Late is more than {OBJECTIVE_S} s. Red above the budget of 1 %.",
            red_above=0.01,
        ),
        *(
            Chart(
                "lines",
                f"Time in each stage, p{100 * q:.0f}",
                STAGE,
                {"{{stage}}": quantile(q, STAGE, "stage")},
                unit="s",
            )
            for q in (0.5, 0.95, 0.99)
        ),
        Chart(
            "heat",
            "Time in stage $stage",
            STAGE,
            buckets(STAGE, 'stage=~"$stage"'),
            unit="s",
            repeat="stage",
        ),
    ),
    "From the event to the alert": (
        Chart(
            "heat",
            "Event to committed alert",
            FROM_EVENT,
            buckets(FROM_EVENT),
            unit="s",
            width=12,
        ),
        Chart(
            "lines",
            "Event to committed alert, quantiles",
            FROM_EVENT,
            quantiles(FROM_EVENT),
            unit="s",
            width=12,
        ),
    ),
    "Batches": (
        Chart("heat", "Messages in a batch", BATCH, buckets(BATCH), unit="short", width=6),
        Chart(
            "lines",
            "Padding",
            PADDING,
            {"{{stream}}": f"{rate(PADDING, 'stream')} / {ROWS_COMPUTED}"},
            unit="percentunit",
            width=6,
            note="As a share of all rows computed.",
        ),
        Chart(
            "lines",
            "In flight",
            IN_FLIGHT,
            gauges(IN_FLIGHT, *WORKER),
            unit="short",
            width=6,
        ),
        Chart("lines", "Paused", PAUSED, gauges(PAUSED, *WORKER), unit="short", width=6),
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
    "Transactions": (
        Chart(
            "lines",
            "Time of a transaction",
            TRANSACTION_TIME,
            quantiles(TRANSACTION_TIME),
            unit="s",
        ),
        Chart(
            "lines",
            "Transactions",
            TRANSACTIONS,
            rates(TRANSACTIONS, "outcome"),
            unit="cps",
        ),
        Chart(
            "lines",
            "Rebalances",
            REBALANCES,
            increases(REBALANCES, "kind", over="$__rate_interval"),
            unit="short",
        ),
    ),
    "Networks": (
        Chart(
            "table",
            "Networks",
            NETWORK,
            {"": selector(NETWORK)},
            unit="none",
            width=16,
            note="One line for each worker and stream.",
            hidden=("Time", "Value", "__name__", "job"),
        ),
        Chart(
            "lines",
            "Share of alerts",
            ALERTS,
            shares(ALERTS, ("stream", "network"), CLASSIFIED),
            unit="percentunit",
            note="Of all classified messages.",
        ),
    ),
}
