"""Read a packet from its bytes, in whatever wire format of Avro it came.

====================  ============================================================
first bytes           wire format
====================  ============================================================
``Obj`` 1             container: carries its schema (ZTF)
0, then 4 bytes       Confluent: carries its schema's id, big-endian (Rubin)
anything else         schemaless, if a schema is configured
====================  ============================================================

A schemaless record may begin with a zero byte: then the wire format has to be configured too,
unless there is neither a directory nor a registry of schemas.
"""

import contextlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from pipeline.container import (
    MAGIC,
    Header,
    HeaderReader,
    blocks,
    may_hold_several,
    only_block,
    write_container,
)
from pipeline.errors import ConfigurationError, DecodeError, PipelineError
from pipeline.first_bytes import describe
from pipeline.plan import PacketPlan, parse_writer, plan
from pipeline.schema_parts import title_of
from pipeline.schema_store import SchemaStore
from pipeline.stream import PacketFormat

__all__ = ["PacketReader", "Wire", "join_containers", "split_container"]

Wire = Literal["auto", "container", "confluent", "schemaless"]

_BEGINNINGS: Mapping[Wire, bytes] = {
    "container": MAGIC,
    "confluent": b"\0",
    "schemaless": b"",
}

_FRAME_BYTES = 5

_MOST_PLANS = 256
"""Schemas to remember: a topic sees a few in a year, but a producer may send ever new ones."""


class PacketReader:
    """Reads the fields that a stream asks for.

    Parameters
    ----------
    formats
        The packet families, the first that is recognised wins.
    schemas
        Where the schemas of Confluent-framed packets are.
    wire
        The wire format, or ``"auto"`` to tell it from the first bytes.
    schema
        Schema of schemaless packets.

    Raises
    ------
    ConfigurationError
        If the schema of schemaless packets is wrong or missing.
    """

    def __init__(
        self,
        formats: Sequence[PacketFormat],
        schemas: SchemaStore,
        *,
        wire: Wire = "auto",
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        def plan_schema(schema: bytes) -> PacketPlan | str:
            try:
                return plan(parse_writer(schema), formats)
            except DecodeError as error:  # to be remembered: a survey's fault is in all it sends
                return str(error)

        def plan_id(schema_id: int) -> PacketPlan:
            return plan(parse_writer(schemas.get(schema_id)), formats, str(schema_id))

        self._container_plan = lru_cache(_MOST_PLANS)(plan_schema)
        self._confluent_plan = lru_cache(_MOST_PLANS)(plan_id)
        self._expect_frames = bool(schemas) or schema is None
        self._headers = HeaderReader()
        self._known = ", ".join(packet_format.name for packet_format in formats)
        self._wire = wire
        self._schemaless_plan: PacketPlan | None = None
        if schema is not None:
            try:
                self._schemaless_plan = plan(parse_writer(schema), formats)
            except DecodeError as error:
                raise ConfigurationError(f"schemaless packets: {error}") from error
        elif wire == "schemaless":
            raise ConfigurationError("schemaless packets need a schema")

    def split(self, data: bytes) -> list[bytes]:
        """Return the records of a message as messages of their own.

        There is one but for containers of several. What cannot be split is returned as it is:
        reading it says why.
        """
        if not data.startswith(MAGIC) or self._wire not in ("auto", "container"):
            return [data]
        with contextlib.suppress(PipelineError):
            if may_hold_several(data, self._headers.read(data)):
                return split_container(data)
        return [data]

    def read(self, data: bytes) -> tuple[PacketFormat, dict[str, Any], str]:
        """Read one packet.

        Returns
        -------
        :
            The packet's family, the fields that it asks for, and what names the schema:
            ``"ztf.alert 3.3"`` or the id in the registry.

        Raises
        ------
        DecodeError
            If the bytes are no packet of the stream.
        TransientError
            If the registry does not answer.
        """
        try:
            return self._read(data)
        except PipelineError:
            raise
        except Exception as error:  # damaged records make fastavro raise anything
            raise DecodeError(
                f"the Avro record is damaged: {type(error).__name__}: {error}"
            ) from error

    def _read(self, data: bytes) -> tuple[PacketFormat, dict[str, Any], str]:
        match self._recognise(data):
            case "container":
                header = self._headers.read(data)
                packet = _sound(self._container_plan(header.schema))
                block = only_block(data, header)
                fields = packet.read(block.data, block.start, block.end)
            case "confluent":
                schema_id = int.from_bytes(data[1:_FRAME_BYTES], "big")
                packet = self._confluent_plan(schema_id)
                fields = packet.read(data, _FRAME_BYTES, len(data))
            case _ if self._schemaless_plan is not None:
                packet = self._schemaless_plan
                fields = packet.read(data, 0, len(data))
            case _:
                raise DecodeError(
                    f"the message is {describe(data)}, no Avro packet: this stream reads {self._known}"
                )
        return packet.packet_format, fields, packet.schema_id

    def _recognise(self, data: bytes) -> Wire:
        if self._wire == "auto":
            if data.startswith(MAGIC):
                return "container"
            framed = data[:1] == b"\0" and len(data) >= _FRAME_BYTES
            return "confluent" if framed and self._expect_frames else "schemaless"
        if not data.startswith(_BEGINNINGS[self._wire]):
            raise DecodeError(
                f"the message is {describe(data)}, no Avro packet "
                f"(wire: {self._wire}): this stream reads {self._known}"
            )
        return self._wire


def _sound(found: PacketPlan | str) -> PacketPlan:
    """Return a plan, or raise the reason why there is none."""
    if isinstance(found, str):
        raise DecodeError(found)
    return found


def split_container(data: bytes) -> list[bytes]:
    """Return each record of a container as a container of its own, with the same schema.

    Files of an archive hold many records, and messages of an instrument that counts fast.

    Raises
    ------
    DecodeError
        If the data are no container, or hold no records, or are damaged.
    """
    if not data.startswith(MAGIC):
        raise DecodeError(f"the file is {describe(data)}, not an Avro container")
    header = Header.read(data)
    skip = parse_writer(header.schema).skip
    records: list[bytes] = []
    for block in blocks(data, header):
        at = block.start
        for _ in range(block.records):
            start = at
            try:
                at = skip(block.data, start)
            except (IndexError, KeyError) as error:
                raise DecodeError("the Avro record is damaged") from error
            if not start < at <= block.end:
                raise DecodeError(f"record {len(records)} of the container is damaged")
            records.append(block.data[start:at])
        if at != block.end:
            raise DecodeError(f"{block.end - at} bytes follow the records of a block")
    if not records:
        raise DecodeError(f"the Avro container of {title_of(header.schema)} holds no record")
    if len(records) == 1:
        return [data]
    return [write_container(header, [record]) for record in records]


def join_containers(containers: Sequence[bytes]) -> bytes:
    """Return one container of the records of others, which have one record each: `split_container` undone.

    Raises
    ------
    DecodeError
        If they differ in their schema, or one is damaged.
    """
    header = Header.read(containers[0])
    records: list[bytes] = []
    for data in containers:
        its = Header.read(data)
        if its.schema != header.schema:
            raise DecodeError("records with different schemas do not go into one container")
        block = only_block(data, its)
        records.append(block.data[block.start : block.end])
    return write_container(header, records)
