"""Write docs/metrics.md: `python -m deploy.metrics_page`.

A test says that the committed page is what this program writes.
"""

import sys
from pathlib import Path

from pipeline.metrics import DEFINITIONS, LATENCY_S, SURVEY_S, Definition

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"

TOP = f"""\
# Metrics

The daemon answers on `/metrics` of the port in `[http]`.
Only the supervisor exports; it adds its workers up, so a counter does not fall when a worker dies.
Labels come from closed sets, and the id of an event is never one.
Latencies have buckets from {1000 * LATENCY_S[0]:.2f} ms to {LATENCY_S[-1]:.0f} s, times from the event itself from {SURVEY_S[0]:.0f} s to {SURVEY_S[-1] / 3600:.0f} h, by factors of 2.
A message that is dead-lettered is counted, and not timed.
The usual `process_` and `python_` metrics are those of the supervisor.

| name | kind | labels | meaning, and what to do |
|---|---|---|---|
"""

BOTTOM = """
A counter's name ends in `_total` when it is exported, a histogram's in `_bucket`, `_sum` and `_count`.
`deploy/grafana/skytriage.json` shows all of them, and `deploy/prometheus/skytriage.rules.yml` watches some.
This page is written by `python -m deploy.metrics_page`.
"""


def row(name: str, definition: Definition) -> str:
    """Return one line of the table.

    >>> row("skytriage_tea", Definition("gauge", "Cups of tea.", ("worker",)))
    '| `skytriage_tea` | gauge | `worker` | Cups of tea. |'
    """
    labels = ", ".join(f"`{label}`" for label in definition.labels)
    return f"| `{name}` | {definition.kind} | {labels} | {definition.help} |"


def page() -> str:
    """Return the whole page."""
    return TOP + "\n".join(row(*item) for item in DEFINITIONS.items()) + "\n" + BOTTOM


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page())
