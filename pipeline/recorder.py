"""What metrics are filled with: counts and times, of one worker and of all.

Workers record into a `Recorder` and send its `snapshot` to the supervisor, the
only process with an exporter: there `Totals` adds the snapshots up, so that a
counter never falls when a worker dies.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from pipeline.metrics import DEFINITIONS, Definition

__all__ = ["Recorder", "Snapshot", "Totals"]

Buckets: TypeAlias = npt.NDArray[np.int64]
Key: TypeAlias = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a worker has recorded since it started; it travels by pickle."""

    counters: dict[Key, float]
    gauges: dict[Key, float]
    histograms: dict[Key, tuple[Buckets, float]]
    """Counts by bucket, the last one above all edges, and the sum of the values."""


class Recorder:
    """What one worker counts and times. Not thread-safe: one thread per key."""

    def __init__(self) -> None:
        self._counters: dict[Key, float] = {}
        self._gauges: dict[Key, float] = {}
        self._histograms: dict[Key, tuple[Buckets, float]] = {}

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        key = name, labels
        self._counters[key] = self._counters.get(key, 0) + by

    def set(self, name: str, *labels: str, to: float) -> None:
        """Set a gauge."""
        self._gauges[name, labels] = to

    def forget(self, name: str) -> None:
        """Drop all values of a gauge, as of partitions that are no longer ours."""
        self._gauges = {key: value for key, value in self._gauges.items() if key[0] != name}

    def observe(self, name: str, *labels: str, values: npt.ArrayLike) -> None:
        """Add values to a histogram, a whole batch in one call."""
        edges = DEFINITIONS[name].buckets
        array = np.asarray(values, np.float64).reshape(-1)
        counts = np.bincount(np.searchsorted(edges, array), minlength=len(edges) + 1)
        before, total = self._histograms.get((name, labels), (0, 0.0))
        self._histograms[name, labels] = before + counts, total + float(array.sum())

    def snapshot(self) -> Snapshot:
        """Return what there is so far."""
        return Snapshot(dict(self._counters), dict(self._gauges), dict(self._histograms))


class Totals(Collector):
    """The sum over all workers, living and dead, as Prometheus wants it."""

    def __init__(self) -> None:
        self._past = Snapshot({}, {}, {})
        self._present: dict[int, Snapshot] = {}
        self._lock = threading.Lock()  # scraped by another thread

    def update(self, worker: int, snapshot: Snapshot) -> None:
        """Replace what is known of a living worker."""
        with self._lock:
            self._present[worker] = snapshot

    def bury(self, worker: int) -> None:
        """Keep the counts of a worker that has ended, and drop its gauges."""
        with self._lock:
            snapshot = self._present.pop(worker, None)
            if snapshot is not None:
                past = _add([self._past, snapshot])
                self._past = Snapshot(past.counters, {}, past.histograms)

    def total(self) -> Snapshot:
        """Return the sum over all workers."""
        with self._lock:
            return _add([self._past, *self._present.values()])

    def collect(self) -> Iterable[Metric]:
        """Return the metric families, those without a value included."""
        total = self.total()
        for name, definition in DEFINITIONS.items():
            if definition.kind == "histogram":
                histogram = HistogramMetricFamily(name, definition.help, labels=definition.labels)
                for (key, labels), (counts, value) in total.histograms.items():
                    if key == name:
                        histogram.add_metric(labels, _cumulative(definition, counts), value)
                yield histogram
                continue
            single = CounterMetricFamily if definition.kind == "counter" else GaugeMetricFamily
            family = single(name, definition.help, labels=definition.labels)
            table = total.counters if definition.kind == "counter" else total.gauges
            for (key, labels), value in table.items():
                if key == name:
                    family.add_metric(labels, value)
            yield family


def _cumulative(definition: Definition, counts: Buckets) -> list[tuple[str, float]]:
    edges = [*(repr(edge) for edge in definition.buckets), "+Inf"]
    return list(zip(edges, np.cumsum(counts).tolist(), strict=True))


def _add(snapshots: Iterable[Snapshot]) -> Snapshot:
    total = Snapshot({}, {}, {})
    for snapshot in snapshots:
        for key, value in snapshot.counters.items():
            total.counters[key] = total.counters.get(key, 0) + value
        total.gauges.update(snapshot.gauges)
        for key, (counts, value) in snapshot.histograms.items():
            before, sum_before = total.histograms.get(key, (0, 0.0))
            total.histograms[key] = before + counts, sum_before + value
    return total
