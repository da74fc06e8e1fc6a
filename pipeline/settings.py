"""What an operator can set: one TOML file, with the environment over it.

``SKYTRIAGE__WORKERS__COUNT=2`` overrides ``count`` under ``[workers]``;
``SKYTRIAGE__KAFKA__SASL_PASSWORD`` is librdkafka's ``sasl.password``.  An
unknown key is an error that names the key, and secrets appear in no error and
no ``repr``.
"""

import os
import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipeline.errors import ConfigurationError
from pipeline.kafka_settings import KafkaSettings
from pipeline.mapping import PacketMappings
from pipeline.toml_file import faults, read_toml

__all__ = [
    "Settings",
    "StreamSettings",
    "WorkerSettings",
    "read_settings",
]

PREFIX = "SKYTRIAGE__"


class Section(BaseModel):
    """Part of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RunningSettings(Section):
    """How frames of running strain are joined, and what of them is an alert."""

    deadline_s: Annotated[int, Field(ge=1, le=120)] = 5
    """How far frames of others may begin ahead of a detector before its second is a gap
    [s, data time]. Where frames of detectors differ in length, more than the longest."""

    stride_s: Annotated[float, Field(gt=0, le=1)] = 0.25
    """From window to window [s]; the background of the weights must have been measured with it."""

    max_far_hz: Annotated[float, Field(gt=0)] = 1 / 3600
    """Largest false-alarm rate of an alert [Hz]."""


class StreamSettings(Section):
    """One stream: where it arrives and how it is read."""

    topics: Annotated[list[str], Field(min_length=1)]
    """Kafka topics; a name that begins with ``^`` is a regular expression."""

    wire: Literal["auto", "container", "confluent", "schemaless"] = "auto"
    schema_file: Path | None = None
    """Avro schema of schemaless messages."""

    weights: Path | None = None
    """Folder of weights with its manifest; the weights that came with skytriage if not given."""

    mappings: PacketMappings = {}
    """Packets of other surveys, by a name for each family."""

    running: RunningSettings = RunningSettings()
    """For the stream ``strain``."""


class SchemaSettings(Section):
    """Where schemas are found by their id."""

    registry: str | None = Field(default=None, repr=False)
    """URL of a Confluent-compatible schema registry."""

    directory: Path | None = None
    """``<id>.avsc`` files, or Rubin's ``<major>/<minor>/*.avsc`` with id 100 major + minor."""


class OutputSettings(Section):
    """What is published, and how it is written."""

    wire: Literal["container", "confluent", "elasticc"] = "container"
    classifications: str = "skytriage.classifications"
    alerts: str = "skytriage.alerts"
    dead_letters: str = "skytriage.dead-letters"


class WorkerSettings(Section):
    """The worker processes, and what they compute with."""

    count: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Worker processes; ``auto`` is one per core without GPU, one per GPU with ``device = "gpu"``."""

    device: Annotated[str, Field(pattern=r"^(cpu|gpu)(:\d+)?$")] = "cpu"
    runtime: Literal["auto", "openvino", "tensorflow"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: Annotated[int, Field(ge=0)] = 0
    """Threads of one worker's network; 0 is its share of the cores."""

    max_batch: Annotated[int, Field(ge=1, le=4096)] = 256
    """Messages in a batch at most."""

    start_timeout_s: Annotated[float, Field(gt=0)] = 180.0
    """A worker that has not warmed its networks by then is restarted [s]."""

    stall_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """A worker whose loop, network or transaction stands still for so long is killed [s]."""

    max_restarts: Annotated[int, Field(ge=0)] = 5
    """Crashes of one worker within `restart_window_s` after which the daemon gives up.
    A worker that ends because the broker cannot be reached has not crashed."""

    restart_window_s: Annotated[float, Field(gt=0)] = 300.0


class HttpSettings(Section):
    """``/metrics``, ``/livez`` and ``/readyz``."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 9464
    """0 takes a free port and logs it."""


class LogSettings(Section):
    """The log on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console"] = "json"


class Settings(BaseSettings):
    """The whole configuration. Every section but ``kafka`` and ``streams`` has defaults."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    group: str = "skytriage"
    """Kafka consumer group; also the stem of the transactional ids."""

    instance: str = Field(default_factory=socket.gethostname)
    """Name of this daemon among those of the group, the same after a restart:
    with the worker's number it makes the transactional id, by which a new worker
    fences its hung predecessor."""

    delivery: Literal["effectively_once", "at_least_once"] = "effectively_once"
    commit_interval_ms: Annotated[int, Field(ge=1, le=5000)] = 100
    """How old a transaction may become at most [ms]. It is committed before if nothing more is
    on its way, or when it is as old as the last commit took."""

    transaction_timeout_ms: Annotated[int, Field(ge=1000, le=900_000)] = 15_000
    """The broker aborts a transaction that is open for longer [ms]."""

    drain_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    """Time to finish what is in flight after SIGTERM [s]."""

    kafka: KafkaSettings
    streams: Annotated[dict[str, StreamSettings], Field(min_length=1)]
    schemas: SchemaSettings = SchemaSettings()
    output: OutputSettings = OutputSettings()
    workers: WorkerSettings = WorkerSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()

    @field_validator("streams")
    @classmethod
    def _topics_are_not_shared(
        cls, streams: dict[str, StreamSettings]
    ) -> dict[str, StreamSettings]:
        owner: dict[str, str] = {}
        for name, stream in streams.items():
            for topic in stream.topics:
                if owner.setdefault(topic, name) != name:
                    raise ValueError(f"topic {topic!r} belongs to both {owner[topic]} and {name}")
        return streams

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment override the file, and read nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def read_settings(path: Path) -> Settings:
    """Read a configuration file and the environment over it.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, a key is unknown or a value cannot be:
        every fault is listed, with its key.
    """
    table = read_toml(path)
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            top = name[len(PREFIX) :].split("__")[0].lower()
            if top not in Settings.model_fields:
                raise ConfigurationError(f"environment variable {name}: there is no setting {top}")
    try:
        return Settings(**table)
    except SettingsError as error:
        raise ConfigurationError(f"environment: {error}") from None
    except ValidationError as error:
        raise faults(path, error) from None
