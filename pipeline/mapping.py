"""What an operator declares of another survey's packets: which field holds what.

A mapping stands in for the module that a survey would otherwise need.  It is plain data: a name
is a dotted path to a field, as in `pipeline.stream.PacketFormat.fields`, and what a packet means
is never guessed.  ``docs/mappings.md`` has an example, ``deploy/mappings/`` has four.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from pipeline.core import TimeFormat, TimeScale
from pipeline.errors import ConfigurationError
from pipeline.toml_file import faults, read_toml

__all__ = [
    "SUBTRACTED",
    "ImageMapping",
    "PacketMapping",
    "PacketMappings",
    "PositionMapping",
    "TimeMapping",
    "read_mappings",
]

SUBTRACTED = "science - difference"
"""Instead of a template's path: for surveys that send only the other two."""

FieldPath: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
"""Such as ``candidate.jd``: names as Avro allows them, with dots between."""

_CLOCKS: frozenset[tuple[TimeFormat, TimeScale]] = frozenset(
    {("jd", "utc"), ("mjd", "utc"), ("mjd", "tai"), ("gps", "tai")}
)
"""What `pipeline.times` can convert."""


class _Table(BaseModel):
    """Part of a mapping: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeMapping(_Table):
    """When the event was."""

    field: FieldPath
    format: TimeFormat
    """``gps`` are seconds, the others days."""

    scale: TimeScale
    meaning: Annotated[str, Field(min_length=1)]
    """What it is the time of, e.g. ``"start of exposure"``."""

    @model_validator(mode="after")
    def _can_be_converted(self) -> "TimeMapping":
        if (self.format, self.scale) not in _CLOCKS:
            known = ", ".join(sorted(f"{one} {scale}" for one, scale in _CLOCKS))
            raise ValueError(
                f"{self.format} {self.scale} is no time that we read; there are {known}"
            )
        return self


class PositionMapping(_Table):
    """Where the event was, ICRS."""

    ra_deg: FieldPath
    """Field with the right ascension [deg]."""

    dec_deg: FieldPath
    """Field with the declination [deg]."""


class ImageMapping(_Table):
    """The stamps: square, of one size, with the source on the middle pixel (``side // 2``)."""

    science: FieldPath
    template: FieldPath | Literal["science - difference"]
    difference: FieldPath
    packing: Literal["fits", "npy"] = "fits"
    """``fits`` may be gzipped; ``npy`` is NumPy's own format. Of two axes, ``(y, x)``."""

    side: Annotated[int, Field(ge=1)] | None = None
    """Height and width that the survey promises [pixel]; any square if not given."""

    masked: FiniteFloat | None = None
    """What the survey writes into pixels that it masks, in its unit; they are missing then."""


class PacketMapping(_Table):
    """One family of packets."""

    record: FieldPath
    """Full name of the record that the packets' schema defines, by which they are recognised."""

    survey: Annotated[str, Field(min_length=1)] | None = None
    """What alerts call the survey; the mapping's name if not given."""

    event_id: FieldPath
    """Field with the survey's identifier, an integer or a text."""

    time: TimeMapping | None = None
    position: PositionMapping | None = None
    images: ImageMapping

    @property
    def fields(self) -> tuple[str, ...]:
        """The paths of all fields that it reads."""
        images = self.images
        paths = [self.event_id, images.science, images.template, images.difference]
        if self.time is not None:
            paths.append(self.time.field)
        if self.position is not None:
            paths += self.position.ra_deg, self.position.dec_deg
        return tuple(path for path in paths if path != SUBTRACTED)


def _records_differ(mappings: dict[str, PacketMapping]) -> dict[str, PacketMapping]:
    owner: dict[str, str] = {}
    for name, mapping in mappings.items():
        if owner.setdefault(mapping.record, name) != name:
            both = f"{owner[mapping.record]} and {name}"
            raise ValueError(f"record {mapping.record!r} belongs to both {both}")
    return mappings


PacketMappings: TypeAlias = Annotated[dict[str, PacketMapping], AfterValidator(_records_differ)]
"""By a name for each family; no two of one record."""


def read_mappings(path: Path, stream: str) -> dict[str, PacketMapping]:
    """Read the mappings of a stream, and nothing else, from a file like a configuration.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or has none, or they have faults: each is listed, with its key.
    """
    tables: Any = read_toml(path)
    for key in ("streams", stream, "mappings"):
        tables = tables.get(key) if isinstance(tables, dict) else None
    section = f"streams.{stream}.mappings"
    if not tables:
        raise ConfigurationError(f"{path} has no section [{section}.NAME]")
    try:
        return TypeAdapter(PacketMappings).validate_python(tables)
    except ValidationError as error:
        raise faults(path, error, f"{section}.") from None
