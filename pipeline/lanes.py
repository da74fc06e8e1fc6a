"""Make the streams of a configuration ready to run: schemas, networks, weights, devices."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import fastavro.schema

from models import NETWORKS
from pipeline.decode import Decoder
from pipeline.errors import ConfigurationError
from pipeline.infer import open_classifier
from pipeline.lane import Lane
from pipeline.mapping import PacketMapping
from pipeline.record_lane import RecordLane
from pipeline.schema_store import SchemaStore
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings
from pipeline.stream import Stream
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["open_lane"]


def open_lane(
    name: str,
    stream_settings: StreamSettings,
    schema_settings: SchemaSettings,
    workers: WorkerSettings,
    *,
    threads: int,
    network: str | None = None,
) -> Lane:
    """Make a stream ready to run: schemas, network, weights, device.

    Parameters
    ----------
    threads
        Of the network.
    network
        Another network than the stream's own, of the same samples.

    Raises
    ------
    ConfigurationError
        If there is no such stream or network, or something it needs does not fit.
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
    chosen = _network(stream, network)
    classifier = open_classifier(chosen, workers, threads=threads, weights=stream_settings.weights)
    records = RecordLane(stream, Decoder(stream, reader), classifier)
    if not stream.has_frames:
        return records
    # Late: what only one stream needs.
    from pipeline.running.open import open_running

    return open_running(records, stream_settings.running, stream_settings.weights)


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


def _network(stream: Stream, name: str | None) -> str:
    """Return the network to use, if it judges the samples of the stream."""
    if name is None:
        return stream.network
    if name not in NETWORKS:
        raise ConfigurationError(f"there is no network {name!r}; there are {', '.join(NETWORKS)}")
    given, wanted = NETWORKS[name].sample_shape, NETWORKS[stream.network].sample_shape
    if given != wanted:
        raise ConfigurationError(
            f"network {name} takes samples of shape {given}, and stream {stream.name} has {wanted}"
        )
    return name
