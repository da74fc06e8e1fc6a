"""Cut a writer's schema down to the fields that are wanted: Avro's reader schema.

All of it works on what ``fastavro.parse_schema`` leaves: every name is a full name, and every
type is a primitive, a name, a list (a union) or a dictionary of a known ``type``.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["Tree", "Wanted", "copied", "tree", "wanted_fields"]

Tree: TypeAlias = dict[str, "Tree"]
"""Fields to read, and of each one the fields inside; an empty tree is all of it."""

Wanted: TypeAlias = Mapping[str, frozenset[str] | None]
"""Full name of a record to its wanted fields; None is all of them."""


def tree(paths: Iterable[str]) -> Tree:
    """Return dotted paths as a tree.

    >>> tree(["candid", "candidate.jd", "candidate.ra"])
    {'candid': {}, 'candidate': {'jd': {}, 'ra': {}}}
    """
    root: Tree = {}
    for path in paths:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return root


def wanted_fields(record: Any, paths: Tree, names: Mapping[str, Any]) -> Wanted:
    """Say which fields of each named record are wanted, wherever it is used.

    A record that is used in two places is read with the fields of both.
    """
    wanted: dict[str, frozenset[str] | None] = {}
    _note(record, paths, names, wanted)
    return wanted


def _note(
    schema: Any,
    paths: Tree,
    names: Mapping[str, Any],
    wanted: dict[str, frozenset[str] | None],
) -> None:
    if isinstance(schema, list):
        for branch in schema:
            _note(branch, paths, names, wanted)
    elif isinstance(schema, str):
        if schema in names:
            _note(names[schema], paths, names, wanted)
    elif schema["type"] == "record":
        before = wanted.get(schema["name"], frozenset())
        whole = before is None or not paths
        wanted[schema["name"]] = None if before is None or whole else before | set(paths)
        for field in schema["fields"]:
            if not paths or field["name"] in paths:
                _note(field["type"], paths.get(field["name"], {}), names, wanted)
    else:
        for inner in ("items", "values"):
            if inner in schema:
                _note(schema[inner], {}, names, wanted)


def copied(
    schema: Any,
    wanted: Wanted,
    names: Mapping[str, Any],
    defined: set[str] | None = None,
) -> Any:
    """Copy a schema with only the wanted fields, each name defined where it is used first.

    Parameters
    ----------
    schema
        The schema; its parts may be defined elsewhere.
    wanted
        Fields to keep; records that are not in it are kept whole.
    names
        Full name to definition.
    defined
        Names that the copy has defined already.
    """
    defined = set() if defined is None else defined
    if isinstance(schema, list):
        return [copied(branch, wanted, names, defined) for branch in schema]
    if isinstance(schema, str):
        if schema in defined or schema not in names:
            return schema
        return copied(names[schema], wanted, names, defined)
    kind = schema["type"]
    if kind == "array":
        return {"type": kind, "items": copied(schema["items"], wanted, names, defined)}
    if kind == "map":
        return {"type": kind, "values": copied(schema["values"], wanted, names, defined)}
    return _copied_definition(schema, wanted, names, defined)


def _copied_definition(
    schema: Any, wanted: Wanted, names: Mapping[str, Any], defined: set[str]
) -> Any:
    kind = schema["type"]
    if kind not in ("record", "error", "enum", "fixed"):
        return kind
    name = schema["name"]
    if name in defined:
        return name
    defined.add(name)
    if kind in ("enum", "fixed"):
        return {key: schema[key] for key in ("type", "name", "symbols", "size") if key in schema}
    some = wanted.get(name)
    fields = [
        {"name": field["name"], "type": copied(field["type"], wanted, names, defined)}
        for field in schema["fields"]
        if some is None or field["name"] in some or _has_blocks(field["type"], names)
    ]
    return {"type": "record", "name": name, "fields": fields}


def _has_blocks(schema: Any, names: Mapping[str, Any]) -> bool:
    """Whether there are arrays or maps inside, which fastavro must read and not step over.

    Stepping, it passes the end of the data without noticing, so a corrupt count would keep it
    busy for years; reading, it notices.
    """
    if isinstance(schema, list):
        return any(_has_blocks(branch, names) for branch in schema)
    if isinstance(schema, str):
        return schema in names and _has_blocks(names[schema], names)
    if schema["type"] in ("array", "map"):
        return True
    return any(_has_blocks(field["type"], names) for field in schema.get("fields", ()))
