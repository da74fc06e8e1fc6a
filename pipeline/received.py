"""Our own alerts, read back: bytes to a typed `ReceivedAlert`.

Any version of the schema ``classification`` is read with the one that we know,
so a field added later is passed over and one added since then has its default.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Self

import fastavro

import schemas as avro_schemas
from pipeline.container import MAGIC, Header, only_block
from pipeline.core import EventTime, Flux, Origin, StageTimes, StrainEvent, StrainWindow
from pipeline.errors import DecodeError, PipelineError
from pipeline.first_bytes import describe
from pipeline.schema_store import SchemaStore

__all__ = ["ClassificationReader", "JudgingNetwork", "ReceivedAlert", "origin_of"]

FRAME_BYTES = 5
MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgingNetwork:
    """The network that answered."""

    name: str
    version: str
    weights_sha256: str
    runtime: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedAlert:
    """What a network said of an event, as it came from Kafka.

    Times named ``*_us`` are microseconds since 1970-01-01 UTC.
    """

    alert_id: str
    """The same for each delivery of one judgement: drop what you have seen."""

    stream: str
    survey: str
    event_id: str
    """The survey's identifier of the event, in all its digits."""

    event_id_long: int | None
    event_time: EventTime | None
    ra_deg: float | None
    """Right ascension, ICRS [deg]."""

    dec_deg: float | None
    """Declination, ICRS [deg]."""

    detector: str | None = None
    """The detector or module that saw it, where an instrument has several."""

    channel: int | None = None
    """Number of the channel in the detector."""

    flux: Flux | None = None
    """Where the stream estimates one."""

    strain: StrainEvent | None = None
    """Where it is an event in running strain."""

    network: JudgingNetwork
    classification: Mapping[str, float]
    """Class to probability; they sum to 1."""

    score: float
    """Probability of the network's positive class."""

    threshold: float
    false_positive_rate: float
    """Fraction of negatives at or above the threshold, on the test data of the weights."""

    status: Literal["ok", "degraded"]
    quality: Mapping[str, float]
    """What had to be mended on the way."""

    times: StageTimes
    source: Origin
    """Where the survey's message is."""

    schema_id: str
    """What names the schema of the survey's message."""

    is_replay: bool
    batch_size: int
    origin: Origin | None = None
    """Where this alert itself is."""

    @property
    def is_alert(self) -> bool:
        """Whether the score reaches the threshold; always so on the topic of alerts."""
        return self.score >= self.threshold

    @classmethod
    def from_record(cls, record: Mapping[str, Any], origin: Origin | None = None) -> Self:
        """Make one from a record of the schema ``classification``."""
        network, times, source = record["network"], record["times"], record["source"]
        time = record["eventTime"]
        return cls(
            alert_id=record["alertId"],
            stream=record["stream"],
            survey=record["survey"],
            event_id=record["eventId"],
            event_id_long=record["eventIdLong"],
            event_time=None if time is None else EventTime(**time),
            ra_deg=record["raDeg"],
            dec_deg=record["decDeg"],
            detector=record["detector"],
            channel=record["channel"],
            flux=_flux(record["flux"]),
            strain=_strain(record["strain"]),
            network=JudgingNetwork(
                name=network["name"],
                version=network["version"],
                weights_sha256=network["weightsSha256"],
                runtime=network["runtime"],
                device=network["device"],
            ),
            classification=record["classification"],
            score=record["score"],
            threshold=record["threshold"],
            false_positive_rate=record["falsePositiveRate"],
            status=record["status"],
            quality=record["quality"],
            times=StageTimes(**{f"{name}_us": us for name, us in times.items()}),
            source=origin_of(source),
            schema_id=source["schemaId"],
            is_replay=record["isReplay"],
            batch_size=record["batchSize"],
            origin=origin,
        )


def origin_of(source: Mapping[str, Any]) -> Origin:
    """Return the origin that the field ``source`` of a record names."""
    return Origin(**{name: source[name] for name in _ORIGIN})


_ORIGIN = ("topic", "partition", "offset", "index", "records")


def _flux(flux: Mapping[str, float] | None) -> Flux | None:
    if flux is None:
        return None
    return Flux(
        mcrab=flux["mcrab"],
        low_mcrab=flux["mcrabLow"],
        high_mcrab=flux["mcrabHigh"],
        confidence=flux["confidence"],
        band_kev=(flux["bandLowKev"], flux["bandHighKev"]),
    )


def _strain(strain: Mapping[str, Any] | None) -> StrainEvent | None:
    if strain is None:
        return None
    return StrainEvent(
        detectors=tuple(strain["detectors"]),
        far_hz=strain["farHz"],
        windows=tuple(StrainWindow(one["gpsStart"], one["score"]) for one in strain["windows"]),
    )


class ClassificationReader:
    """Reads our records, in a container or with a Confluent frame.

    Parameters
    ----------
    fields
        Top-level fields to read, all if None. The rest is stepped over.
    schemas
        Where the schemas of Confluent-framed records are.
    """

    def __init__(
        self, *, fields: frozenset[str] | None = None, schemas: SchemaStore | None = None
    ) -> None:
        ours = avro_schemas.load("classification")
        wanted = [f for f in ours["fields"] if fields is None or f["name"] in fields]
        self._ours = fastavro.parse_schema({**ours, "fields": wanted})
        self._name = f"{ours['namespace']}.{ours['name']}"
        self._schemas = schemas or SchemaStore()
        # A topic sees one schema for each version of the daemon that wrote to it.
        self._from_text = lru_cache(64)(lambda text: self._parse(json.loads(text)))
        self._from_id = lru_cache(64)(self._look_up)

    def read(self, data: bytes) -> dict[str, Any]:
        """Return a record as a dictionary.

        Raises
        ------
        DecodeError
            If the bytes are no classification.
        TransientError
            If the schema registry does not answer.
        """
        try:
            return self._read(data)
        except PipelineError:
            raise
        except Exception as error:  # damaged records make fastavro raise anything
            # fastavro prints whole schemas; the beginning says what there is to say.
            text = f"{type(error).__name__}: {error}"[:MOST_CHARACTERS]
            raise DecodeError(f"not a classification of ours: {text}") from error

    def _read(self, data: bytes) -> dict[str, Any]:
        if data.startswith(MAGIC):
            header = Header.read(data)
            block = only_block(data, header)
            writer, body = self._from_text(header.schema), block.data[block.start : block.end]
        elif data[:1] == b"\0" and len(data) > FRAME_BYTES:
            writer = self._from_id(int.from_bytes(data[1:FRAME_BYTES]))
            body = data[FRAME_BYTES:]
        else:
            raise DecodeError(f"not a classification of ours: the message is {describe(data)}")
        record: Any = fastavro.schemaless_reader(io.BytesIO(body), writer, self._ours)
        return dict(record)

    def _look_up(self, schema_id: int) -> Any:
        return self._parse(self._schemas.get(schema_id))

    def _parse(self, schema: Any) -> Any:
        writer = fastavro.parse_schema(schema)
        name = writer["name"] if isinstance(writer, dict) else "a union"
        if name != self._name:
            raise DecodeError(f"not a classification of ours: the record is {name}")
        return writer
