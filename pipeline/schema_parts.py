"""Put together a schema whose named records lie in separate files or subjects.

Avro lets a schema name a record that is defined elsewhere, and says nothing on where.  Readers
want one schema with each record defined where it is used first.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["assemble", "full_name", "outermost", "title", "title_of"]

_NAMED = ("record", "error", "enum", "fixed")


def full_name(schema: Mapping[str, Any], namespace: str = "") -> str:
    """Return the full name of a definition.

    >>> full_name({"name": "alert", "namespace": "lsst.v10_0"})
    'lsst.v10_0.alert'
    """
    return _resolved(str(schema["name"]), str(schema.get("namespace", namespace)))


def title(schema: Mapping[str, Any]) -> str:
    """Return the full name of a definition and, where it has one, its version.

    >>> title({"name": "alert", "namespace": "pgir", "version": "0.1"})
    'pgir.alert 0.1'
    """
    name = full_name(schema) if "name" in schema else "without a name"
    return name if schema.get("version") is None else f"{name} {schema['version']}"


def title_of(text: bytes) -> str:
    """Return the `title` of a schema that is JSON text; empty if it is no such thing."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return title(schema) if isinstance(schema, dict) and "name" in schema else ""


def assemble(schema: Any, parts: Mapping[str, Any]) -> Any:
    """Return a schema with the definitions of the records that it names inside it.

    Parameters
    ----------
    schema
        The outermost schema.
    parts
        Full name to definition. A name that is not here stays a name.
    """
    return _assemble(schema, parts, "", set())


def outermost(parts: Mapping[str, Any]) -> list[str]:
    """Return the full names of the schemas that put the others together.

    No other refers to them; and of several such ones, those that refer to others (Rubin
    publishes records along with its packets that the packets do not hold).
    """
    named = {
        name: {other for other in _references(schema, "") if other in parts and other != name}
        for name, schema in parts.items()
    }
    inner = set().union(*named.values())
    outer = [name for name in parts if name not in inner]
    return [name for name in outer if named[name] or len(outer) == 1]


def _resolved(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _assemble(schema: Any, parts: Mapping[str, Any], namespace: str, defined: set[str]) -> Any:
    if isinstance(schema, str):
        name = _resolved(schema, namespace)
        if name not in parts or name in defined:
            return name if name in defined else schema
        return _assemble(parts[name], parts, "", defined)
    if isinstance(schema, list):
        return [_assemble(part, parts, namespace, defined) for part in schema]
    copy = dict(schema)
    if copy["type"] in _NAMED:
        copy["name"] = full_name(copy, namespace)
        copy.pop("namespace", None)
        namespace = copy["name"].rpartition(".")[0]
        defined.add(copy["name"])
    if "fields" in copy:
        copy["fields"] = [
            {**field, "type": _assemble(field["type"], parts, namespace, defined)}
            for field in copy["fields"]
        ]
    for inner in _inner(copy):
        copy[inner] = _assemble(copy[inner], parts, namespace, defined)
    return copy


def _references(schema: Any, namespace: str) -> Iterator[str]:
    if isinstance(schema, str):
        yield _resolved(schema, namespace)
    elif isinstance(schema, list):
        for part in schema:
            yield from _references(part, namespace)
    else:
        if schema["type"] in _NAMED:
            namespace = full_name(schema, namespace).rpartition(".")[0]
        for field in schema.get("fields", ()):
            yield from _references(field["type"], namespace)
        for inner in _inner(schema):
            yield from _references(schema[inner], namespace)


def _inner(schema: Mapping[str, Any]) -> Iterable[str]:
    """Return the keys of a definition that hold types, but for ``fields``."""
    if not isinstance(schema["type"], str):
        yield "type"
    yield from (key for key in ("items", "values") if key in schema)
