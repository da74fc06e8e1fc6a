"""Every metric, once: its name, its labels, and what to do when it looks wrong.

Workers record into a `Recorder` and send its `snapshot` to the supervisor, the
only process with an exporter: there `Totals` adds the snapshots up, so that a
counter never falls when a worker dies.  Labels come from closed sets; an event
id is never one.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

__all__ = ["DEFINITIONS", "Definition", "Recorder", "Snapshot", "Totals"]

LATENCY_S = tuple(2.0**k / 4096 for k in range(17))
"""Bucket edges of latencies: 0.24 ms to 16 s by factors of 2 [s]."""

SURVEY_S = tuple(float(2**k) for k in range(18))
"""Bucket edges from the event itself: 1 s to 36 h by factors of 2 [s]."""

SIZES = tuple(float(2**k) for k in range(11))
"""Bucket edges of batch sizes: 1 to 1024 by factors of 2."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric."""

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


DEFINITIONS: Mapping[str, Definition] = {
    "skytriage_messages_consumed": Definition(
        "counter",
        "Messages read. If it stands still while the lag grows, look at the workers.",
        ("stream", "topic"),
    ),
    "skytriage_messages": Definition(
        "counter",
        "Messages done, by outcome: ok, degraded or dead_letter. Many degraded: the survey's stamps changed.",
        ("stream", "outcome"),
    ),
    "skytriage_alerts": Definition(
        "counter",
        "Classifications at or above the threshold. A sudden change of rate: sky, survey or network.",
        ("stream", "network"),
    ),
    "skytriage_dead_letters": Definition(
        "counter",
        "Messages set aside, by the stage that gave up and the error. Read them on the dead-letter topic.",
        ("stream", "stage", "reason"),
    ),
    "skytriage_stage_seconds": Definition(
        "histogram",
        "Time of one message in each stage: broker, decode, queue, infer, encode, commit. The slow one is the bottleneck.",
        ("stream", "stage"),
        LATENCY_S,
    ),
    "skytriage_end_to_end_seconds": Definition(
        "histogram",
        "From the broker's timestamp to the committed result. High with low stage times: lag, add workers.",
        ("stream",),
        LATENCY_S,
    ),
    "skytriage_event_to_alert_seconds": Definition(
        "histogram",
        "From the event itself, by the survey's clock, to the committed result. High alone: the survey is late.",
        ("stream",),
        SURVEY_S,
    ),
    "skytriage_batch_messages": Definition(
        "histogram",
        "Messages in a batch, padding not counted. Always at the maximum: the network is the bottleneck.",
        ("stream",),
        SIZES,
    ),
    "skytriage_batch_padding": Definition(
        "counter",
        "Rows computed to pad a batch to a warmed size: wasted work.",
        ("stream",),
    ),
    "skytriage_transaction_seconds": Definition(
        "histogram",
        "From the first message of a transaction to its commit. High: the broker is slow.",
        (),
        LATENCY_S,
    ),
    "skytriage_transactions": Definition(
        "counter",
        "Transactions by outcome: committed or aborted. Aborts are harmless but cost time; many: look at the broker.",
        ("outcome",),
    ),
    "skytriage_rebalances": Definition(
        "counter",
        "Changes of the assignment: assigned, revoked, lost. Lost: a worker did not poll in time.",
        ("kind",),
    ),
    "skytriage_workers": Definition(
        "gauge",
        "Workers by state: ready, or starting. None ready: nothing is classified.",
        ("state",),
    ),
    "skytriage_worker_restarts": Definition(
        "counter", "Workers that died and were started again, by reason: see the log.", ("reason",)
    ),
    "skytriage_build_info": Definition("gauge", "1 for the version that runs.", ("version",)),
    "skytriage_in_flight_messages": Definition(
        "gauge", "Messages read and not yet committed, by worker.", ("worker",)
    ),
    "skytriage_paused": Definition(
        "gauge",
        "1 while a worker holds back its input because its network is behind.",
        ("worker",),
    ),
    "skytriage_consumer_lag_messages": Definition(
        "gauge",
        "Messages in the partition that are not yet committed. Growing: add partitions and workers.",
        ("topic", "partition"),
    ),
    "skytriage_last_commit_timestamp_seconds": Definition(
        "gauge", "When a worker last committed [s since 1970, UTC].", ("worker",)
    ),
    "skytriage_network_info": Definition(
        "gauge",
        "1 for each network that a worker has loaded.",
        (
            "worker",
            "stream",
            "network",
            "version",
            "weights_sha256",
            "runtime",
            "device",
        ),
    ),
}

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
