"""The number by which a registry knows the schema of what we publish.

With a registry each output topic gets our schema as its subject's.  Without
one, a directory of ``<id>.avsc`` files says the number: somebody who manages
schemas by hand has put ours there.
"""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastavro.schema import to_parsing_canonical_form

from pipeline.errors import ConfigurationError
from pipeline.settings import Settings

__all__ = ["output_schema_id", "shown_url"]

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""A registry that starts along with us is waited for [s]."""


def output_schema_id(settings: Settings, schema: dict[str, Any]) -> int:
    """Return the id of an output schema, registering it where that is possible.

    Raises
    ------
    ConfigurationError
        If there is neither a registry nor a directory, or they do not have it.
    """
    if settings.schemas.registry is not None:
        output = settings.output
        subjects = [f"{topic}-value" for topic in (output.classifications, output.alerts)]
        return _register(settings.schemas.registry, subjects, schema)
    if settings.schemas.directory is not None:
        return _find(settings.schemas.directory, schema)
    raise ConfigurationError(
        'output.wire = "confluent" needs schemas.registry, or schemas.directory with our schema in it'
    )


def shown_url(url: str) -> str:
    """Return a URL without the password that may be in it.

    >>> shown_url("http://user:hunter2@registry:8081/x")
    'http://registry:8081/x'
    """
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _register(registry: str, subjects: Iterable[str], schema: dict[str, Any]) -> int:
    body = {"schema": json.dumps(schema, separators=(",", ":")), "schemaType": "AVRO"}
    ids = set()
    with httpx.Client(timeout=10.0) as client:
        for subject in subjects:
            url = f"{registry.rstrip('/')}/subjects/{subject}/versions"
            response = _post(client, url, body)
            if response.status_code != httpx.codes.OK:
                raise ConfigurationError(
                    f"schema registry {shown_url(registry)} refuses subject {subject}: "
                    f"{response.status_code} {response.text[:500]}"
                )
            ids.add(int(response.json()["id"]))
    if len(ids) != 1:
        raise ConfigurationError(
            f"schema registry {shown_url(registry)} has one schema under several ids: {sorted(ids)}"
        )
    return ids.pop()


def _post(client: httpx.Client, url: str, body: dict[str, str]) -> httpx.Response:
    headers = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE}
    for pause_s in (*PAUSES_S, None):
        try:
            response = client.post(url, json=body, headers=headers)
            if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR or not pause_s:
                return response
        except httpx.HTTPError as error:
            if pause_s is None:
                # `from None`: the original error may print the URL's password.
                raise ConfigurationError(
                    f"cannot reach schema registry {shown_url(url)}: {type(error).__name__}"
                ) from None
        time.sleep(pause_s)
    raise AssertionError("the last attempt returns or raises")


def _find(directory: Path, schema: dict[str, Any]) -> int:
    wanted = to_parsing_canonical_form(schema)
    for path in sorted(directory.glob("*.avsc")):
        if path.stem.isdecimal():
            try:
                if to_parsing_canonical_form(json.loads(path.read_text())) == wanted:
                    return int(path.stem)
            except Exception:  # noqa: BLE001, S112 - a survey's schema, perhaps in parts: not ours
                continue
    raise ConfigurationError(
        f"no <id>.avsc in {directory} is the schema of what we publish, "
        'schemas/classification, which output.wire = "confluent" needs'
    )
