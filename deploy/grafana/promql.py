"""PromQL over our own metrics: suffixes and matchers come from their definitions.

Every expression asks for the dashboard's job and instance, and for its stream
where the metric has one, so no panel can forget a variable.
"""

from pipeline.metrics import DEFINITIONS

__all__ = ["quantile", "rate", "selector", "total"]

QUERIED = {"counter": "_total", "histogram": "_bucket", "gauge": ""}
"""What the exporter appends to a metric's name."""


def selector(metric: str, *matchers: str, suffix: str | None = None) -> str:
    """Return the series of a metric that the dashboard's variables ask for.

    >>> selector("skytriage_paused")
    'skytriage_paused{job=~"$job", instance=~"$instance"}'
    """
    definition = DEFINITIONS[metric]
    if suffix is None:
        suffix = QUERIED[definition.kind]
    chosen = ['job=~"$job"', 'instance=~"$instance"']
    if "stream" in definition.labels:
        chosen.append('stream=~"$stream"')
    return f"{metric}{suffix}{{{', '.join([*chosen, *matchers])}}}"


def total(expression: str, *by: str) -> str:
    """Return the sum, over everything but the given labels."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def rate(metric: str, *by: str, where: str = "", suffix: str | None = None) -> str:
    """Return the sum of a counter's rates [1/s]."""
    series = selector(metric, *filter(None, [where]), suffix=suffix)
    return total(f"rate({series}[$__rate_interval])", *by)


def quantile(fraction: float, metric: str, *by: str) -> str:
    """Return a quantile of a histogram, in the histogram's unit."""
    return f"histogram_quantile({fraction}, {rate(metric, 'le', *by)})"
