"""Ask a Confluent-compatible schema registry for a schema."""

import json
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from pipeline.errors import ConfigurationError, DecodeError, TransientError
from pipeline.schema_parts import assemble, full_name

__all__ = ["Registry"]

_TIMEOUT_S = 5.0
_MOST_PARTS = 100
"""Schemas that one may refer to, counted through."""

_NOT_FOUND = 404
_REFUSED = (401, 403)
_BUSY = (408, 425, 429)
_OK = 200
_SERVER_FAULT = 500


class Registry:
    """A schema registry.

    Parameters
    ----------
    url
        Where it is, perhaps with ``user:password@``, which no message will show.
    """

    def __init__(self, url: str) -> None:
        # httpx takes a quarter of a second to import, and most runs need no registry
        import httpx

        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=host).geturl().rstrip("/")
        auth = None
        if parts.username is not None:
            auth = httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
        self._client = httpx.Client(auth=auth, timeout=_TIMEOUT_S, follow_redirects=True)
        self._failure = httpx.HTTPError

    def __str__(self) -> str:
        return f"the schema registry at {self._url}"

    def get(self, schema_id: int) -> dict[str, Any]:
        """Return a schema by its id, with all that it refers to inside it.

        Raises
        ------
        DecodeError
            If the registry does not have it, or has something else than Avro.
        TransientError
            If the registry does not answer.
        ConfigurationError
            If the registry refuses us.
        """
        answer = self._ask(f"/schemas/ids/{schema_id}", f"schema id {schema_id}")
        parts: dict[str, Any] = {}
        self._collect(answer, parts)
        schema: dict[str, Any] = assemble(self._schema(answer), parts)
        return schema

    def _collect(self, answer: dict[str, Any], parts: dict[str, Any]) -> None:
        """Fetch what a schema refers to, and what that refers to, into ``parts``."""
        for reference in answer.get("references", ()):
            subject, version = reference["subject"], reference["version"]
            path = f"/subjects/{quote(subject, safe='')}/versions/{version}"
            part = self._ask(path, f"schema {subject!r} version {version}")
            schema = self._schema(part)
            if full_name(schema) in parts:
                continue
            if len(parts) == _MOST_PARTS:
                raise DecodeError(f"a schema of {self} refers to over {_MOST_PARTS} others")
            parts[full_name(schema)] = schema
            self._collect(part, parts)

    def _ask(self, path: str, what: str) -> dict[str, Any]:
        try:
            response = self._client.get(self._url + path)
        except self._failure as error:
            raise TransientError(f"{self} does not answer: {error!r}") from None
        status = response.status_code
        if status == _NOT_FOUND:
            raise DecodeError(f"{what} is unknown: {self} does not have it")
        if status in _REFUSED:
            raise ConfigurationError(f"{self} refuses us with HTTP {status}")
        if status in _BUSY or status >= _SERVER_FAULT:
            raise TransientError(f"{self} fails with HTTP {status}")
        if status != _OK:
            raise ConfigurationError(f"{self} answers HTTP {status} to {path}")
        try:
            answer = response.json()
            kind, _ = answer.get("schemaType", "AVRO"), answer["schema"]
        except (ValueError, KeyError, AttributeError):
            raise ConfigurationError(f"{self} answers with something else than a schema") from None
        if kind != "AVRO":
            raise DecodeError(f"{what} of {self} is {kind}, not Avro")
        return answer  # type: ignore[no-any-return]

    def _schema(self, answer: dict[str, Any]) -> dict[str, Any]:
        try:
            schema = json.loads(answer["schema"])
        except ValueError as error:
            raise DecodeError(f"{self} has a schema that is not JSON: {error}") from error
        if not isinstance(schema, dict) or "name" not in schema:
            raise DecodeError(f"{self} has a schema that is no record: {str(schema)[:80]}")
        return schema
