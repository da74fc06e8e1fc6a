"""What the dashboard shows, from the top down.

The first sentences of each description are the metric's own help text.  A
metric that no panel shows fails a test, as does a panel without data from a
daemon at work.
"""

from deploy.grafana.flow import FLOW
from deploy.grafana.speed import SPEED

__all__ = ["ROWS"]

ROWS = {
    row: (FLOW | SPEED)[row]
    for row in (
        "Overview",
        "Latency",
        "From the event to the alert",
        "Batches",
        "Throughput",
        "Lag",
        "Outcomes and dead letters",
        "Transactions",
        "Workers and networks",
    )
}
