"""The section ``[kafka]``: every option of librdkafka, but those that carry our promises."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from pipeline.toml_file import SECRET

__all__ = ["KafkaSettings"]

OURS = {
    "enable.auto.commit": "offsets are committed with the results",
    "enable.auto.offset.store": "offsets are committed with the results",
    "enable.idempotence": "transactions need it on",
    "group.id": 'set "group" at the top of the file instead',
    "isolation.level": "aborted input must stay invisible",
    "transactional.id": "each worker has its own",
    "transaction.timeout.ms": 'set "transaction_timeout_ms" at the top of the file instead',
}
"""librdkafka options that carry our promises, and why they cannot be set."""


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Undo TOML's nesting of dotted keys, and spell values as librdkafka does.

    >>> _flatten({"bootstrap": {"servers": "a:9092"}, "socket.keepalive.enable": True})
    {'bootstrap.servers': 'a:9092', 'socket.keepalive.enable': 'true'}
    """
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            name = prefix + (key if key == "log_level" else key.replace("_", "."))
            flat[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


class KafkaSettings(BaseModel):
    """librdkafka options: for both clients, and for one of them alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    common: dict[str, str]
    consumer: dict[str, str] = {}
    producer: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _sort(cls, table: Any) -> dict[str, dict[str, str]]:
        if not isinstance(table, Mapping):
            raise ValueError("it must be a section with options of librdkafka")  # noqa: TRY004 - pydantic reports ValueErrors
        consumer = _flatten(table.get("consumer", {}))
        producer = _flatten(table.get("producer", {}))
        common = _flatten({k: v for k, v in table.items() if k not in {"consumer", "producer"}})
        for name in [*common, *consumer, *producer]:
            if name in OURS:
                raise ValueError(f'"{name}" cannot be set: {OURS[name]}')
        if "bootstrap.servers" not in common:
            raise ValueError('"bootstrap.servers" is missing')
        return {"common": common, "consumer": consumer, "producer": producer}

    def __repr__(self) -> str:
        def shown(table: dict[str, str]) -> dict[str, str]:
            return {k: "***" if SECRET.search(k) else v for k, v in table.items()}

        parts = (shown(self.common), shown(self.consumer), shown(self.producer))
        return "KafkaSettings(common={}, consumer={}, producer={})".format(*parts)

    __str__ = __repr__
