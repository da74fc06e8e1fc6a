"""Alerts to the bytes that are published, in one of three wire formats.

==============  ==============================================================
``container``   an Avro object container of one record: any Avro tool reads it
``confluent``   five bytes that name a schema in a registry, and the record
``elasticc``    schemaless ``brokerClassification``, see `pipeline.elasticc`
==============  ==============================================================

A container repeats its schema in each message.  Without the docs that is 2.5 kB
for a record of 0.4 kB; the producer's compression takes most of it back, since
all headers of a batch are alike.
"""

import json
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import schemas
from pipeline.avro_bytes import varint
from pipeline.classification import to_avro
from pipeline.core import ALERT_NAMESPACE, Alert
from pipeline.elasticc import to_elasticc
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings
from pipeline.streams import STREAMS

__all__ = ["CONTAINER_HEADER", "SCHEMA", "Encoder", "WireFormat", "make_encoder", "must_have_ids"]

WireFormat: TypeAlias = Literal["container", "confluent", "elasticc"]

SYNC = ALERT_NAMESPACE.bytes
"""Ends each block of a container. It need not be random: no file of ours is ever cut up."""


SCHEMA: dict[str, Any] = schemas.without_docs(schemas.load("classification"))
"""What messages are written with."""


def _container_header() -> bytes:
    metadata = {
        b"avro.schema": json.dumps(SCHEMA, separators=(",", ":")).encode(),
        b"avro.codec": b"null",
    }
    parts = [b"Obj\x01", varint(len(metadata))]
    for key, value in metadata.items():
        parts += varint(len(key)), key, varint(len(value)), value
    return b"".join((*parts, b"\x00", SYNC))


CONTAINER_HEADER = _container_header()
"""The same for each message, so a reader may remember what it says."""


class Encoder:
    """Alerts to bytes, in one wire format.

    Parameters
    ----------
    wire
        ``confluent`` needs a schema id.
    schema_id
        The id of `SCHEMA` in the registry.
    """

    def __init__(self, wire: WireFormat, *, schema_id: int | None = None) -> None:
        self._encode: Callable[[Alert], bytes]
        if wire == "container":
            self._encode = _to_container
        elif wire == "elasticc":
            self._encode = to_elasticc
        elif schema_id is None:
            raise ValueError("wire format confluent needs a schema id")
        else:
            prefix = b"\x00" + schema_id.to_bytes(4)
            self._encode = lambda alert: prefix + to_avro(alert)

    def encode(self, alert: Alert) -> bytes:
        """Return the value of the message.

        Raises
        ------
        EncodeError
            If the wire format cannot hold this alert.
        """
        return self._encode(alert)


def _to_container(alert: Alert) -> bytes:
    record = to_avro(alert)
    return b"".join((CONTAINER_HEADER, b"\x02", varint(len(record)), record, SYNC))


def make_encoder(settings: Settings) -> Encoder:
    """Return the encoder that the settings ask for, its schema registered.

    Raises
    ------
    ConfigurationError
        If ``confluent`` is asked for and the schema has no id to be known by, or as
        `must_have_ids` says.
    """
    must_have_ids(settings)
    wire = settings.output.wire
    if wire != "confluent":
        return Encoder(wire)
    # Late: an HTTP client, for the one format that needs it.
    from pipeline.register import output_schema_id

    return Encoder(wire, schema_id=output_schema_id(settings, SCHEMA))


def must_have_ids(settings: Settings) -> None:
    """See that what is found can be written: an event of running strain has no number.

    Raises
    ------
    ConfigurationError
        If ``elasticc``, which knows events by number, is asked for and a stream finds events.
    """
    for name in settings.streams:
        if settings.output.wire == "elasticc" and STREAMS[name].has_frames:
            raise ConfigurationError(
                f'output.wire = "elasticc" knows events by 64-bit ids, and those that stream {name}'
                " finds have none"
            )
