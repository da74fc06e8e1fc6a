"""Say where in a broken Avro schema the fault is.

fastavro says what is wrong, and of which of a packet's hundred fields it does not say.  Whoever
has to write to a survey needs both.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import fastavro

from pipeline.schema_parts import full_name

__all__ = ["faulty_field"]

_DEEPEST = 4
"""Records inside records to look into: a broken schema must not cost much more than a good one."""


def faulty_field(schema: Mapping[str, Any]) -> str:
    """Return the dotted path of the first field that fastavro refuses; empty if no field is to blame.

    >>> from pipeline.schema_fault import faulty_field
    >>> inner = {"type": "record", "name": "b", "fields": [{"name": "n", "type": "integer"}]}
    >>> faulty_field({"type": "record", "name": "a", "fields": [{"name": "c", "type": inner}]})
    'c.n'
    """
    return ".".join(_path(schema, "", {}, _DEEPEST))


def _path(schema: Mapping[str, Any], namespace: str, names: dict[str, Any], deep: int) -> list[str]:
    """Parse the fields one by one, each as a record of its own that knows the names before it."""
    fields = schema.get("fields")
    if deep == 0 or not isinstance(fields, list) or not isinstance(schema.get("name"), str):
        return []
    record = full_name(schema, namespace)
    if record in names:
        return []  # that it is defined again is the fault
    names[record] = schema
    for number, field in enumerate(fields):
        known = _names_after(field, f"{record}_{number}", names)
        if known is not None:
            names.update(known)
        elif not isinstance(field, Mapping) or not isinstance(field.get("name"), str):
            return [f"number {number}"]
        else:
            inside = record.rpartition(".")[0]
            paths = (
                _path(one, inside, dict(names), deep - 1) for one in _records(field.get("type"))
            )
            return [field["name"], *next(filter(None, paths), [])]
    return []


def _names_after(field: Any, record: str, names: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the names that are known behind a field, or None if the field is at fault."""
    known = dict(names)
    try:
        fastavro.parse_schema({"type": "record", "name": record, "fields": [field]}, known)
    except Exception:  # noqa: BLE001 - fastavro raises anything for a wrong schema
        return None
    # it takes a second definition for a new one if it comes in a schema of its own
    return known if all(known[name] is names[name] for name in names) else None


def _records(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the records that a type defines, but not those inside them."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _records(branch)
    elif isinstance(schema, Mapping):
        if "fields" in schema:
            yield schema
        else:
            for key in ("type", "items", "values"):
                yield from _records(schema.get(key))
