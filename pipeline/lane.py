"""One stream's way through a process: decode, preprocess, judge.

The daemon runs lanes between Kafka topics, ``skytriage classify`` runs one over
files: the same code, so the same answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import fastavro.schema
import numpy as np

from models.network import Preprocessed
from pipeline.core import (
    Alert,
    Candidate,
    FloatArray,
    Record,
    StageTimes,
    now_us,
)
from pipeline.decode import Decoder
from pipeline.errors import ConfigurationError, InvalidMessage, UnusableSample
from pipeline.infer import Classifier, open_classifier
from pipeline.mapping import PacketMapping
from pipeline.schema_store import SchemaStore
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings
from pipeline.stream import Stream
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["Item", "Judged", "Lane", "Prepared", "open_lane"]

REPLAY_HEADER = "skytriage.replay"


@dataclass(frozen=True, slots=True)
class Item:
    """A record on its way: with the row of the network's input made from it, or an error."""

    record: Record
    decoded_us: int
    candidate: Candidate | None
    """None if the record could not be decoded."""

    quality: Mapping[str, float]
    error: InvalidMessage | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """Records that are ready for the network, and those that never will be."""

    items: Sequence[Item]
    inputs: FloatArray
    """One row for each item without an error, in their order."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A stream with all that it needs in this process."""

    stream: Stream
    decoder: Decoder
    classifier: Classifier

    def split(self, record: Record) -> Sequence[Record]:
        """Return the records that a message holds."""
        return self.decoder.split(record)

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """Decode and preprocess records.

        Raises
        ------
        TransientError
            If a schema cannot be had just now; the records are fine.
        """
        candidates: list[Candidate] = []
        errors: dict[int, InvalidMessage] = {}
        for index, record in enumerate(records):
            try:
                candidates.append(self.decoder.decode(record.value))
            except InvalidMessage as error:
                errors[index] = error
        made = self._preprocess(candidates)
        return self._join(records, candidates, errors, made)

    def _preprocess(self, candidates: Sequence[Candidate]) -> Preprocessed:
        shape = self.classifier.network.sample_shape
        samples = np.empty((len(candidates), *shape), np.float32)
        for row, candidate in enumerate(candidates):
            samples[row] = candidate.sample
        return self.classifier.network.preprocess(samples)

    def _join(
        self,
        records: Sequence[Record],
        candidates: Sequence[Candidate],
        errors: Mapping[int, InvalidMessage],
        made: Preprocessed,
    ) -> Prepared:
        decoded_us = now_us()
        mended = {name: values for name, values in made.quality.items() if values.any()}
        items: list[Item] = []
        kept: list[int] = []
        row = 0
        for index, record in enumerate(records):
            error = errors.get(index)
            if error is not None:
                items.append(Item(record, decoded_us, None, {}, error))
                continue
            candidate, reason = candidates[row], made.rejected.get(row)
            if reason is not None:
                items.append(Item(record, decoded_us, candidate, {}, UnusableSample(reason)))
            else:
                quality = candidate.quality
                if mended:
                    pixels = {
                        name: float(values[row]) for name, values in mended.items() if values[row]
                    }
                    quality = {**quality, **pixels}
                items.append(Item(record, decoded_us, candidate, quality))
                kept.append(row)
            row += 1
        inputs = made.inputs if len(kept) == len(candidates) else made.inputs[kept]
        return Prepared(items, inputs)

    def predict(self, items: Sequence[Item], inputs: FloatArray, rows: int) -> "Judged":
        """Ask the network about prepared items.

        Parameters
        ----------
        items
            Those with an error are passed over.
        inputs
            Room for the padding behind the first `rows` rows, as
            `Classifier.predict` wants it.
        rows
            Items without an error.

        Raises
        ------
        WorkerError
            If the network no longer works.
        """
        taken_us = now_us()
        probabilities: Sequence[Sequence[float]] = ()
        errors: Mapping[int, InvalidMessage] = {}
        if rows:
            array, errors = self.classifier.predict(inputs, rows)
            probabilities = array.tolist()
        padding = self.classifier.padded_size(rows) - rows if rows else 0
        return Judged(self, items, probabilities, errors, padding, taken_us, now_us())


@dataclass(frozen=True, slots=True)
class Judged:
    """Items after the network."""

    lane: Lane
    items: Sequence[Item]
    probabilities: Sequence[Sequence[float]]
    """One row of class probabilities for each item without an error of its own."""

    errors: Mapping[int, InvalidMessage]
    """Rows that the network fails on."""

    padding: int
    taken_us: int
    """When the network took them [µs UTC]."""

    inferred_us: int
    """When it answered [µs UTC]."""

    def answers(self) -> Iterator[tuple[Item, Alert | InvalidMessage]]:
        """Yield each item with an alert, or with why there is none."""
        row = 0
        for item in self.items:
            if item.error is not None:
                yield item, item.error
                continue
            yield (
                item,
                self.errors.get(row) or self._alert(item, self.probabilities[row]),
            )
            row += 1

    def _alert(self, item: Item, probabilities: Sequence[float]) -> Alert:
        candidate, record, info = item.candidate, item.record, self.lane.classifier.info
        if candidate is None:
            raise AssertionError("what has no candidate has an error")
        return Alert(
            stream=self.lane.stream.name,
            candidate=candidate,
            network=info,
            probabilities=probabilities,
            score=probabilities[info.classes.index(info.positive)],
            quality=item.quality,
            times=StageTimes(
                survey_us=candidate.event.survey_us,
                broker_us=record.broker_us,
                received_us=record.received_us,
                decoded_us=item.decoded_us,
                inferred_us=self.inferred_us,
                produced_us=now_us(),
            ),
            origin=record.origin,
            is_replay=any(name == REPLAY_HEADER for name, _ in record.headers),
            batch_size=len(self.probabilities),
        )


def open_lane(
    name: str,
    stream_settings: StreamSettings,
    schema_settings: SchemaSettings,
    workers: WorkerSettings,
    *,
    threads: int,
) -> Lane:
    """Make a stream ready to run: schemas, network, weights, device.

    Raises
    ------
    ConfigurationError
        If there is no such stream, or something it needs does not fit.
    """
    if name not in STREAMS:
        raise ConfigurationError(f"there is no stream {name!r}; there are {', '.join(STREAMS)}")
    stream = _with_mappings(STREAMS[name], stream_settings.mappings)
    schema: Any = None
    if stream_settings.schema_file is not None:
        try:
            schema = fastavro.schema.load_schema(str(stream_settings.schema_file))
        except Exception as error:  # fastavro raises whatever the file makes it raise
            raise ConfigurationError(
                f"stream {name}: cannot read schema {stream_settings.schema_file}: {error}"
            ) from error
    store = SchemaStore(registry=schema_settings.registry, directory=schema_settings.directory)
    reader = PacketReader(stream.formats, store, wire=stream_settings.wire, schema=schema)
    classifier = open_classifier(
        stream.network, workers, threads=threads, weights=stream_settings.weights
    )
    return Lane(stream, Decoder(stream, reader), classifier)


def _with_mappings(stream: Stream, mappings: Mapping[str, PacketMapping]) -> Stream:
    """Return a stream that knows more packets; what an operator declares goes before the rest."""
    if not mappings:
        return stream
    if stream.map_packets is None:
        raise ConfigurationError(f"stream {stream.name} takes no mappings: {', '.join(mappings)}")
    known = {packet_format.name for packet_format in stream.formats}
    if taken := known & set(mappings):
        raise ConfigurationError(
            f"stream {stream.name} has packets called {', '.join(sorted(taken))} already: "
            "give the mapping another name"
        )
    mapped = (stream.map_packets(name, mapping) for name, mapping in mappings.items())
    return replace(stream, formats=(*mapped, *stream.formats))
