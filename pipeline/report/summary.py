"""The numbers of a run, as ``summary.json`` has them and the report shows them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.ledger import Ledger
from pipeline.received import JudgingNetwork
from pipeline.report.durations import Quantiles
from pipeline.report.seen import Letter, Seen
from pipeline.report.streams import StreamNumbers

__all__ = ["Confusion", "NetworkUsed", "Summary", "confusion", "errors", "networks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Alerts against the simulator's labels, in counts."""

    found: int
    """Positives with an alert."""

    missed: int
    """Positives without one."""

    false_alerts: int
    """Negatives with an alert."""

    left_alone: int
    """Negatives without one."""

    def as_json(self) -> dict[str, Any]:
        """Return it for ``summary.json``."""
        return {
            "labels": "simulated",
            "positive": {"alert": self.found, "noAlert": self.missed},
            "negative": {"alert": self.false_alerts, "noAlert": self.left_alone},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUsed:
    """A network that answered, for one stream."""

    stream: str
    network: JudgingNetwork
    threshold: float
    false_positive_rate: float

    def as_json(self) -> dict[str, Any]:
        """Return it for ``summary.json``."""
        network = self.network
        return {
            "stream": self.stream,
            "name": network.name,
            "version": network.version,
            "weightsSha256": network.weights_sha256,
            "runtime": network.runtime,
            "device": network.device,
            "threshold": self.threshold,
            "falsePositiveRate": self.false_positive_rate,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A run in numbers."""

    created_us: int
    """[µs UTC]"""

    was_interrupted: bool
    daemon_died: bool
    """Whether the daemon ended before it was asked to."""

    requested_rate_hz: float
    requested_s: float
    duration_s: float
    """From the start of the broker to the last count [s]."""

    published: int
    """Records that the broker has, of all streams; a message may hold several."""

    ledger: Ledger
    alerts: int
    degraded: int
    broken: int
    """Messages in which something was broken on purpose: the whole of it, or one record."""

    lasted_s: float
    """From the first message published to the last classification seen [s]."""

    rate_hz: float
    """Results a second in that time, dead letters included."""

    per_second: Sequence[int]
    """Classifications seen in each second since publishing began."""

    end_to_end: Quantiles
    """From the broker's timestamp to a subscriber of committed data."""

    stages: Mapping[str, Quantiles]
    mean_batch: float
    """Messages in the batch that a message was classified in, on average over messages."""

    networks: Sequence[NetworkUsed]
    streams: Mapping[str, StreamNumbers]
    """Of each stream that took part."""

    left_out: Mapping[str, str]
    """Streams that did not take part, and why."""

    confusion: Confusion
    families: Mapping[str, int]
    """Classifications by family of packets."""

    dead_letters: Mapping[str, int]
    """By error."""

    versions: Mapping[str, str]
    machine: Mapping[str, str | int | float]
    """Cores that we may use, processes that wanted one (mean of the last minute), system."""

    @property
    def total(self) -> Mapping[str, int]:
        """Sums over all partitions."""
        total: Mapping[str, int] = self.ledger.as_json()["total"]
        return total

    @property
    def unread(self) -> int:
        """Records published and not consumed.

        Counted by the publisher, since the embedded broker may say that its
        topics end earlier than they do.
        """
        return self.published - int(self.total["consumed"])

    @property
    def succeeded(self) -> bool:
        """Whether nothing is missing, and the daemon was there until the end."""
        return self.adds_up and not self.daemon_died

    @property
    def adds_up(self) -> bool:
        """Whether each record published has one result; in a run cut short, each consumed."""
        all_read = self.unread >= 0 if self.was_interrupted else self.unread == 0
        return self.ledger.adds_up and all_read

    def as_json(self) -> dict[str, Any]:
        """Return what ``summary.json`` has."""
        total = self.total
        return {
            "data": "simulated",
            "createdUs": self.created_us,
            "wasInterrupted": self.was_interrupted,
            "daemonDied": self.daemon_died,
            "requested": {"seconds": self.requested_s, "ratePerSecond": self.requested_rate_hz},
            "durationSeconds": round(self.duration_s, 3),
            "counts": {
                "published": self.published,
                "brokenOnPurpose": self.broken,
                "consumed": total["consumed"],
                "classified": total["classified"],
                "deadLettered": total["deadLettered"],
                "duplicates": total["duplicates"],
                "missing": total["missing"],
                "unread": self.unread,
                "alerts": self.alerts,
                "degraded": self.degraded,
                "addsUp": self.adds_up,
            },
            "ledger": self.ledger.as_json(),
            "throughput": {
                "resultsPerSecond": round(self.rate_hz, 2),
                "seconds": round(self.lasted_s, 3),
                "eachSecond": list(self.per_second),
                "meanBatchSize": round(self.mean_batch, 2),
            },
            "latencyMs": {
                "endToEnd": self.end_to_end.as_json(),
                "stages": {name: stage.as_json() for name, stage in self.stages.items()},
            },
            "networks": [network.as_json() for network in self.networks],
            "streams": {name: numbers.as_json() for name, numbers in self.streams.items()},
            "leftOut": dict(self.left_out),
            "confusion": self.confusion.as_json(),
            "families": dict(self.families),
            "deadLetters": dict(self.dead_letters),
            "versions": dict(self.versions),
            "machine": dict(self.machine),
        }


def confusion(seen: Sequence[Seen]) -> Confusion:
    """Count alerts against the simulator's labels."""
    counts = Counter(
        (one.truth.is_positive, one.alert.is_alert) for one in seen if one.truth is not None
    )
    return Confusion(
        found=counts[True, True],
        missed=counts[True, False],
        false_alerts=counts[False, True],
        left_alone=counts[False, False],
    )


def networks(seen: Sequence[Seen]) -> list[NetworkUsed]:
    """Return the networks that answered, each once."""
    used = {
        (one.alert.stream, one.alert.network, one.alert.threshold): NetworkUsed(
            stream=one.alert.stream,
            network=one.alert.network,
            threshold=one.alert.threshold,
            false_positive_rate=one.alert.false_positive_rate,
        )
        for one in seen
    }
    return list(used.values())


def errors(letters: Sequence[Letter]) -> dict[str, int]:
    """Count dead letters by error, the most frequent first."""
    return dict(Counter(letter.error for letter in letters).most_common())
