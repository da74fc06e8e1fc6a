"""How long messages took: quantiles, and how durations are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pipeline.report.seen import STAGES, Seen

__all__ = ["Quantiles", "latencies", "milliseconds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """A distribution of durations [ms]."""

    n: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, values_ms: npt.ArrayLike) -> Self:
        """Summarise durations; those of nothing are NaN.

        >>> Quantiles.of([1.0, 3.0]).p50_ms
        2.0
        """
        values = np.asarray(values_ms, np.float64)
        if not values.size:
            nan = math.nan
            return cls(n=0, mean_ms=nan, p50_ms=nan, p95_ms=nan, p99_ms=nan, max_ms=nan)
        p50, p95, p99 = np.quantile(values, (0.5, 0.95, 0.99)).tolist()
        return cls(
            n=values.size,
            mean_ms=float(values.mean()),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            max_ms=float(values.max()),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for ``summary.json``; JSON has no NaN, so that is null."""
        names = {"mean": self.mean_ms, "p50": self.p50_ms, "p95": self.p95_ms}
        names |= {"p99": self.p99_ms, "max": self.max_ms}
        rounded = {k: None if math.isnan(v) else round(v, 3) for k, v in names.items()}
        return {"n": self.n, **rounded}


def latencies(seen: Sequence[Seen]) -> tuple[Quantiles, dict[str, Quantiles]]:
    """Return how long messages took, from the broker to the subscriber and in each stage."""
    width = len(STAGES) + 1
    moments_us = np.array([one.moments_us for one in seen], np.int64).reshape(-1, width)
    steps_ms = np.diff(moments_us, axis=1) / 1000
    stages = {stage.name: Quantiles.of(steps_ms[:, k]) for k, stage in enumerate(STAGES)}
    return Quantiles.of(steps_ms.sum(axis=1)), stages


def milliseconds(value_ms: float) -> str:
    """Write a duration with two or three digits; that of nothing is a dash.

    >>> milliseconds(0.01234), milliseconds(3.456), milliseconds(1234.5), milliseconds(math.nan)
    ('0.012 ms', '3.46 ms', '1,234 ms', '- ms')
    """
    if math.isnan(value_ms):
        return "- ms"
    digits = next((d for below, d in ((1, 3), (10, 2), (100, 1)) if value_ms < below), 0)
    return f"{value_ms:,.{digits}f} ms"
