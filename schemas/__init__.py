"""Avro schemas, as files: ours in ``<name>/<version>/<name>.avsc``, added to and never edited."""

import json
from importlib.resources import files
from typing import Any

__all__ = ["load", "versions", "without_docs"]


def versions(name: str) -> tuple[str, ...]:
    """Return the released versions of one of our schemas, oldest first.

    >>> versions("classification")[0]
    '1.0'
    """
    folders = (entry.name for entry in files("schemas").joinpath(name).iterdir() if entry.is_dir())
    return tuple(
        sorted(folders, key=lambda version: tuple(int(part) for part in version.split(".")))
    )


def load(name: str, version: str | None = None) -> dict[str, Any]:
    """Return one of our schemas as a dictionary, the latest version if none is named.

    >>> load("hits_candidate", "1.0")["name"]
    'hits_candidate'
    """
    path = files("schemas").joinpath(name, version or versions(name)[-1], f"{name}.avsc")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


def without_docs(schema: Any) -> Any:
    """Return an Avro schema without what only people read.

    >>> without_docs({"name": "x", "type": "int", "doc": "Number [dimensionless]."})
    {'name': 'x', 'type': 'int'}
    """
    if isinstance(schema, dict):
        return {k: without_docs(v) for k, v in schema.items() if k != "doc"}
    if isinstance(schema, list):
        return [without_docs(item) for item in schema]
    return schema
