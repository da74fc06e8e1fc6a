"""The words that every stage shares: what flows, and what it is called.

::

    Record ──decode──► Candidate ──preprocess──► network inputs ──infer──► Alert
       └────────────── InvalidMessage ─────────────────────────────────► dead letter

All of it is immutable, and none of it knows Kafka, Avro, Keras or Prometheus,
so a test can make any of it in one line.  Times named ``*_us`` are
microseconds since 1970-01-01 UTC.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time_ns
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "MOST_RECORDS",
    "Alert",
    "AlertKind",
    "Candidate",
    "Event",
    "EventTime",
    "FloatArray",
    "Flux",
    "NetworkInfo",
    "Origin",
    "Record",
    "StageTimes",
    "StrainEvent",
    "StrainWindow",
    "alert_id",
    "now_us",
]

FloatArray: TypeAlias = npt.NDArray[np.float32]

TimeFormat: TypeAlias = Literal["mjd", "jd", "gps"]
AlertKind: TypeAlias = Literal["whole", "piece", "event"]
TimeScale: TypeAlias = Literal["utc", "tai"]

ALERT_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "skytriage.classification")


MOST_RECORDS = 4096
"""Records in a message: all of them share a transaction, which must not take for ever."""


def now_us() -> int:
    """Return the time [µs UTC]."""
    return time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Origin:
    """The place in Kafka that a record came from: a message, or one of several in it."""

    topic: str
    partition: int
    offset: int
    index: int = 0
    """Which of the message's records."""

    records: int = 1
    """How many the message holds."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is to be judged, as it arrived, and the origin to commit once it has left us."""

    value: bytes
    origin: Origin
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    broker_us: int | None = None
    """The broker's timestamp (CreateTime or LogAppendTime) [µs UTC]."""

    received_us: int = 0
    """When the client handed us the message [µs UTC]."""

    note: str | None = None
    """Not None if the message was answered before and is read again only for what follows from it:
    what its stream had noted then, see `pipeline.tally.Memory`."""


@dataclass(frozen=True, slots=True)
class EventTime:
    """When it happened, in the digits that the survey sent.

    ``astropy.time.Time(value, format=format, scale=scale)`` reads it.
    """

    value: float
    format: TimeFormat
    scale: TimeScale
    meaning: str
    """What of the event this is the time of, e.g. ``"start of exposure"``."""


@dataclass(frozen=True, slots=True)
class Event:
    """What the survey calls the thing, and where and when it was."""

    survey: str
    event_id: str
    event_id_long: int | None = None
    """The same as a 64-bit integer, where the survey has one."""

    time: EventTime | None = None
    survey_us: int | None = None
    """The event's time on our clock [µs UTC]; latency from the survey counts from here."""

    ra_deg: float | None = None
    """Right ascension, ICRS [deg]."""

    dec_deg: float | None = None
    """Declination, ICRS [deg]."""

    detector: str | None = None
    """The detector or module that saw it, where an instrument has several."""

    channel: int | None = None
    """Number of the channel in the detector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flux:
    """How bright an X-ray source is, in units of the Crab nebula's flux in the same band."""

    mcrab: float
    low_mcrab: float
    high_mcrab: float
    confidence: float
    """Probability with which such intervals hold the true flux."""

    band_kev: tuple[float, float]
    """Energy band [keV]."""


@dataclass(frozen=True, slots=True)
class StrainWindow:
    """A window of strain and what the network said of it."""

    gps_start: float
    """Time of its first sample [s GPS]."""

    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainEvent:
    """Neighbouring windows of running strain that are one event."""

    detectors: tuple[str, ...]
    """Those that the windows had data of, e.g. ``("H1", "L1")``."""

    far_hz: float
    """Events a second that noise alone makes with this score or a higher one [Hz]."""

    windows: tuple[StrainWindow, ...]
    """Those above the threshold, in the order of time."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A decoded packet: the event, and what its network is to judge."""

    event: Event
    sample: FloatArray
    """In the network's ``sample_shape``, without a batch axis."""

    quality: Mapping[str, float]
    """What decoding had to mend, as numbers; empty for a clean packet."""

    schema_id: str = ""
    """Name or registry id of the writer's schema."""

    flux: Flux | None = None
    """Where the stream estimates one."""

    strain: StrainEvent | None = None
    """Where it is an event in running strain."""


@dataclass(frozen=True, slots=True)
class StageTimes:
    """When one message passed each stage [µs UTC]."""

    survey_us: int | None
    broker_us: int | None
    received_us: int
    decoded_us: int
    inferred_us: int
    produced_us: int


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """The network that answered."""

    name: str
    version: str
    weights_sha256: str
    runtime: str
    device: str
    classes: tuple[str, ...]
    positive: str
    """The class whose probability is the score."""

    threshold: float
    """An alert is sent at or above this score."""

    false_positive_rate: float
    """Fraction of negatives that score at or above the threshold, on the manifest's data."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What we publish about one event."""

    stream: str
    candidate: Candidate
    network: NetworkInfo
    probabilities: Sequence[float]
    """One per class of the network; they sum to 1."""

    score: float
    quality: Mapping[str, float]
    """All that was mended on the way; any number above 0 makes the alert degraded."""

    times: StageTimes
    origin: Origin
    is_replay: bool
    batch_size: int
    kind: AlertKind = "whole"
    """``whole``: a record, judged by itself. ``piece``: a record of a running series, which is
    classified, and alerts are of what is found in the series: ``event``."""

    @property
    def alert_id(self) -> str:
        """As `alert_id` makes it."""
        event = self.candidate.event
        return alert_id(event.survey, event.event_id, self.network)

    @property
    def is_alert(self) -> bool:
        """Whether it goes to those who want alerts: the score reaches the network's threshold."""
        return self.kind != "piece" and self.score >= self.network.threshold

    @property
    def status(self) -> Literal["ok", "degraded"]:
        """``degraded`` if anything had to be mended."""
        return "degraded" if any(self.quality.values()) else "ok"


def alert_id(survey: str, event_id: str, network: NetworkInfo) -> str:
    """Return the id of one judgement: the same for each of its deliveries.

    A version-5 UUID of survey, event id, network and version, so a reader can
    drop what it has seen, whatever happened between.
    """
    name = f"{survey}/{event_id}/{network.name}/{network.version}"
    return str(uuid.uuid5(ALERT_NAMESPACE, name))
