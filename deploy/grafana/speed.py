"""The rows about time: how late the answers are, and where the time goes."""

from deploy.grafana.chart import OBJECTIVE_S, Chart, buckets, gauges, increases, quantiles, rates
from deploy.grafana.promql import quantile, rate

__all__ = ["SPEED"]

BATCH = "skytriage_batch_messages"
END_TO_END = "skytriage_end_to_end_seconds"
FROM_EVENT = "skytriage_event_to_alert_seconds"
IN_FLIGHT = "skytriage_in_flight_messages"
PADDING = "skytriage_batch_padding"
PAUSED = "skytriage_paused"
REBALANCES = "skytriage_rebalances"
STAGE = "skytriage_stage_seconds"
TRANSACTIONS = "skytriage_transactions"
TRANSACTION_TIME = "skytriage_transaction_seconds"

OBJECTIVE = f"Red above the objective of {OBJECTIVE_S} s."
ON_TIME = rate(END_TO_END, "stream", where=f'le="{OBJECTIVE_S}"')
ALL = rate(END_TO_END, "stream", suffix="_count")
ROWS_COMPUTED = f"({rate(PADDING, 'stream')} + {rate(BATCH, 'stream', suffix='_sum')})"
WORKER = ("instance", "worker")

SPEED = {
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
}
