"""Plan how to read the packets of one writer: which fields to read, what to step over.

A plan is made once for each schema.  fastavro checks the schema and reads the fields that a
stream asks for; `pipeline.skip` steps over the rest.

Packets come from outside, and so do their schemas.  One that contains itself can exhaust the
stack of fastavro's compiled reader and kill the process, so such ones are refused here.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import fastavro

from pipeline.errors import DecodeError
from pipeline.prune import Tree, copied, tree, wanted_fields
from pipeline.schema_fault import faulty_field
from pipeline.schema_parts import title
from pipeline.skip import Skip, skipper
from pipeline.stream import PacketFormat

__all__ = ["PacketPlan", "WriterSchema", "parse_writer", "plan"]

_DEEPEST = 64
"""Levels of nesting in a schema's JSON. Rubin's have 12."""

_NAMED = 5
"""Fields to name in a message."""


@dataclass(frozen=True, slots=True)
class WriterSchema:
    """The schema of a packet, checked, with every name a full name."""

    record: Any
    names: Mapping[str, Any]
    skip: Skip

    @property
    def title(self) -> str:
        """Name and, where the schema has one, version."""
        return title(self.record)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Neighbouring fields that fastavro reads."""

    written: Any
    wanted: Any
    """None for all that is written."""


@dataclass(frozen=True, slots=True)
class PacketPlan:
    """How to read the packets of one writer."""

    packet_format: PacketFormat
    schema_id: str
    steps: tuple[_Fields | Skip, ...]

    def read(self, data: bytes, start: int, end: int) -> dict[str, Any]:
        """Return what the format asks for of the record at ``data[start:end]``."""
        stream = io.BytesIO(data)
        fields: dict[str, Any] = {}
        at = start
        for step in self.steps:
            if isinstance(step, _Fields):
                stream.seek(at)
                part: Any = fastavro.schemaless_reader(stream, step.written, step.wanted)
                fields |= part
                at = stream.tell()
            else:
                at = step(data, at)
        if at != end:
            raise DecodeError(
                f"the Avro record is damaged: its fields take {at - start} bytes of {end - start}"
            )
        return fields


def parse_writer(schema: bytes | Mapping[str, Any]) -> WriterSchema:
    """Check a schema, given as JSON text or as what that holds.

    Raises
    ------
    DecodeError
        With the schema's fault.
    """
    try:
        content = json.loads(schema) if isinstance(schema, bytes) else schema
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the Avro schema is not JSON: {error}") from error
    if isinstance(content, list):
        some = ", ".join(str(part.get("name")) for part in content if isinstance(part, dict))
        raise DecodeError(f"the Avro schema is a list of {len(content)} types ({some}), not one")
    if not isinstance(content, Mapping) or content.get("type") != "record":
        raise DecodeError(f"the Avro schema is no record: {str(content)[:80]}")
    names: dict[str, Any] = {}
    cleaned = _cleaned(content, _DEEPEST)
    try:
        record = fastavro.parse_schema(cleaned, names)
    except Exception as error:  # fastavro raises anything for a wrong schema
        where = faulty_field(cleaned)
        place = f", field {where}" if where else ""
        raise DecodeError(
            f"the Avro schema {title(content)} is not valid{place}: {error}"
        ) from error
    return WriterSchema(record, names, skipper(record, names))


def plan(
    writer: WriterSchema, formats: Sequence[PacketFormat], schema_id: str | None = None
) -> PacketPlan:
    """Return the plan for a writer's packets.

    Parameters
    ----------
    writer
        Their schema.
    formats
        What the stream understands; the first that is recognised wins.
    schema_id
        Identifier to report; the schema's title if left out.

    Raises
    ------
    DecodeError
        If the stream knows no such packets.
    """
    fields = [field["name"] for field in writer.record["fields"]]
    for packet_format in formats:
        of_this_writer = packet_format.record in {None, writer.record["name"]}
        if of_this_writer and packet_format.needs <= set(fields):
            steps = tuple(_steps(writer, tree(packet_format.fields)))
            return PacketPlan(packet_format, schema_id or writer.title, steps)
    some = ", ".join(fields[:_NAMED]) + (" ..." if len(fields) > _NAMED else "")
    known = ", ".join(packet_format.name for packet_format in formats)
    raise DecodeError(
        f"this stream knows no packets like {writer.title}, with the fields {some}; it reads {known}"
    )


def _steps(writer: WriterSchema, paths: Tree) -> list[_Fields | Skip]:
    """Make one step of each run of fields that are read, or that are not."""
    record, names = writer.record, writer.names
    wanted = wanted_fields(record, paths, names)
    steps: list[_Fields | Skip] = []
    for read, run in groupby(record["fields"], key=lambda field: field["name"] in paths):
        part = {"type": "record", "name": record["name"], "fields": list(run)}
        if read:
            written = fastavro.parse_schema(copied(part, {}, names))
            pruned = fastavro.parse_schema(copied(part, wanted, names))
            steps.append(_Fields(written, None if pruned == written else pruned))
        else:
            steps.append(skipper(part, names))
    return steps


def _cleaned(schema: Any, levels: int) -> Any:
    """Copy a schema without what fastavro would take for its own notes, or convert.

    Writers that use fastavro publish its notes with their schema.  Logical types would turn
    numbers into dates and decimals; streams want the digits that were sent.
    """
    if levels == 0:
        raise DecodeError(f"the Avro schema is nested deeper than {_DEEPEST} levels")
    if isinstance(schema, Mapping):
        return {
            key: _cleaned(value, levels - 1)
            for key, value in schema.items()
            if key != "logicalType" and not key.startswith("__")
        }
    if isinstance(schema, list):
        return [_cleaned(part, levels - 1) for part in schema]
    return schema
