"""Find the schemas of Confluent-framed packets by their id.

A directory holds them as ``<id>.avsc``, complete, or as Rubin publishes them:
``<major>/<minor>/*.avsc`` with one record in each file, for the id ``100 * major + minor``.
It is read and checked once, at the start.  What it does not have is asked of the registry.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigurationError, DecodeError
from pipeline.plan import parse_writer
from pipeline.registry import Registry
from pipeline.schema_parts import assemble, full_name, outermost

__all__ = ["SchemaStore"]

_FORGET_S = 30.0
"""How long an id stays unknown before we ask again [s]: garbage must not flood the registry."""

_MOST_UNKNOWN = 1000


class SchemaStore:
    """Schemas by id, from a directory and a registry.

    Parameters
    ----------
    registry
        URL of a Confluent-compatible schema registry, perhaps with user and password.
    directory
        Folder of schemas, which goes before the registry.

    Raises
    ------
    ConfigurationError
        If the directory cannot be read, or its schemas are broken.
    """

    def __init__(self, registry: str | None = None, directory: Path | None = None) -> None:
        self._registry = None if registry is None else Registry(registry)
        self._schemas = {} if directory is None else _read_directory(directory)
        self._unknown: dict[int, float] = {}

    def __bool__(self) -> bool:
        """Whether there is any place to look."""
        return bool(self._schemas) or self._registry is not None

    def __repr__(self) -> str:
        return f"SchemaStore({len(self._schemas)} schemas, registry: {self._registry})"

    def get(self, schema_id: int) -> dict[str, Any]:
        """Return a schema, with all that it refers to inside it.

        Raises
        ------
        DecodeError
            If nobody knows the id.
        TransientError
            If the registry does not answer.
        """
        schema = self._schemas.get(schema_id)
        if schema is not None:
            return schema
        if self._registry is None or self._unknown.get(schema_id, 0) > time.monotonic():
            raise DecodeError(f"schema id {schema_id} is unknown: {self._known()}")
        try:
            schema = self._registry.get(schema_id)
        except DecodeError:
            if len(self._unknown) == _MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[schema_id] = time.monotonic() + _FORGET_S
            raise
        self._schemas[schema_id] = schema
        return schema

    def _known(self) -> str:
        if self._registry is not None:
            return f"{self._registry} does not have it"
        if not self._schemas:
            return "neither a schema directory nor a registry is set"
        ids = sorted(self._schemas)
        return f"the schema directory has {len(ids)}, from {ids[0]} to {ids[-1]}"


def _read_directory(directory: Path) -> dict[int, dict[str, Any]]:
    if not directory.is_dir():
        raise ConfigurationError(f"the schema directory {directory} does not exist")
    schemas: dict[int, dict[str, Any]] = {}
    for folder in sorted(directory.glob("*/*")):
        major, minor = folder.parent.name, folder.name
        if folder.is_dir() and major.isdecimal() and minor.isdecimal():
            schemas[100 * int(major) + int(minor)] = _read_version(folder)
    for path in sorted(directory.glob("*.avsc")):
        if path.stem.isdecimal():
            schemas[int(path.stem)] = _checked(path, _read_json(path))
    if not schemas:
        raise ConfigurationError(
            f"the schema directory {directory} has neither <id>.avsc nor <major>/<minor>/*.avsc"
        )
    return schemas


def _read_version(folder: Path) -> dict[str, Any]:
    """Read the files of one version of Rubin's schemas: a record in each."""
    files = [_read_json(path) for path in sorted(folder.glob("*.avsc"))]
    parts = {full_name(schema): schema for schema in files}
    names = outermost(parts)
    if len(names) != 1:
        found = ", ".join(names) or "none"
        raise ConfigurationError(
            f"{folder} should have one schema that no other refers to, and has {found}"
        )
    return _checked(folder, assemble(parts[names[0]], parts))


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def _checked(path: Path, schema: Mapping[str, Any]) -> dict[str, Any]:
    try:
        parse_writer(schema)
    except DecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    return dict(schema)
