"""What distinguishes the streams in a report: their words, and the numbers of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pipeline.ledger import Ledger
from pipeline.report.durations import Quantiles, latencies
from pipeline.report.seen import Seen

__all__ = ["SUBJECTS", "StreamNumbers", "Subject", "by_stream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a stream is about, in words."""

    title: str
    positive: str
    negative: str
    """What the network tells apart, each in the singular."""

    positives: str
    negatives: str
    """And in the plural."""


SUBJECTS: Mapping[str, Subject] = MappingProxyType(
    {
        "hits": Subject(
            title="Difference images: real or bogus",
            positive="real source",
            negative="artefact",
            positives="real sources",
            negatives="artefacts",
        ),
        "maxi": Subject(
            title="One-orbit X-ray images: flare or empty sky",
            positive="flare",
            negative="empty sky",
            positives="flares",
            negatives="images of empty sky",
        ),
        "strain": Subject(
            title="Segments of detector strain: merger or noise",
            positive="merger",
            negative="noise",
            positives="mergers",
            negatives="segments of noise",
        ),
        "xgamma": Subject(
            title="Pulses of a spectrometer: gamma ray or X-ray",
            positive="gamma ray",
            negative="X-ray",
            positives="gamma rays",
            negatives="X-rays",
        ),
    }
)
"""By stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamNumbers:
    """One stream's part of a run, in records."""

    published: int
    consumed: int
    classified: int
    dead_lettered: int
    alerts: int
    degraded: int
    end_to_end: Quantiles
    """From the broker's timestamp to a subscriber of committed data."""

    def as_json(self) -> dict[str, Any]:
        """Return it for ``summary.json``."""
        return {
            "published": self.published,
            "consumed": self.consumed,
            "classified": self.classified,
            "deadLettered": self.dead_lettered,
            "alerts": self.alerts,
            "degraded": self.degraded,
            "endToEndMs": self.end_to_end.as_json(),
        }


def by_stream(
    published: Mapping[str, int], ledger: Ledger, seen: Sequence[Seen]
) -> dict[str, StreamNumbers]:
    """Return the numbers of each stream of which records were published."""
    found: dict[str, StreamNumbers] = {}
    for stream, count in published.items():
        accounts = [account for account in ledger.accounts if account.stream == stream]
        ours = [one for one in seen if one.alert.stream == stream]
        found[stream] = StreamNumbers(
            published=count,
            consumed=sum(account.consumed for account in accounts),
            classified=sum(account.classified for account in accounts),
            dead_lettered=sum(account.dead_lettered for account in accounts),
            alerts=sum(one.alert.is_alert for one in ours),
            degraded=sum(one.alert.status == "degraded" for one in ours),
            end_to_end=latencies(ours)[0],
        )
    return found
