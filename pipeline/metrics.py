"""Every metric, once: its name, its labels, and what to do when it looks wrong.

Labels come from closed sets; an event id is never one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["DEFINITIONS", "LATENCY_S", "SURVEY_S", "Definition"]

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
