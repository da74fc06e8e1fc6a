"""The options of ``publish`` and ``classify`` that make images of MAXI's lists of events.

A list of events is the sky of a day, and of which position images are to be made only the person
knows.  All files that are named make the images together, so this is no matter of reading one file.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.files import FileMessage
    from pipeline.streams.maxi.fields import Field

__all__ = ["Dec", "Exposure", "Ra", "Radius", "field_messages"]

Ra = Annotated[
    float | None,
    typer.Option(
        metavar="DEG", help="maxi: the files are lists of events; make images of this RA."
    ),
]
Dec = Annotated[float | None, typer.Option(metavar="DEG", help="maxi: and of this declination.")]
Radius = Annotated[
    float | None,
    typer.Option(
        metavar="DEG", help="maxi: events within it tell the transits apart; 6.5 by default."
    ),
]
Exposure = Annotated[
    float | None,
    typer.Option(metavar="CM2_S", help="maxi: area times time of a transit, for the flux."),
]


def field_messages(
    stream: str,
    files: Sequence[Path],
    *,
    ra: float | None,
    dec: float | None,
    radius: float | None,
    exposure: float | None,
) -> "Iterator[FileMessage] | None":
    """Return the messages of the field that the options name; None if none of them is given.

    All count as those of the first file.

    Raises
    ------
    typer.BadParameter
        If the stream has no lists of events, or half of a position is given.
    ConfigurationError
        If a number is out of bounds; and, while iterating, if a file is no list of events, or has
        none near the position.
    """
    if (ra, dec, radius, exposure) == (None, None, None, None):
        return None
    if stream != "maxi":
        raise typer.BadParameter(
            f"--ra, --dec, --radius and --exposure are for lists of events of maxi, not for {stream}"
        )
    if ra is None or dec is None:
        raise typer.BadParameter("a position has two numbers: --ra and --dec, in degrees")
    from pipeline.streams.maxi.fields import RADIUS_DEG, Field

    field = Field(
        ra_deg=ra,
        dec_deg=dec,
        radius_deg=RADIUS_DEG if radius is None else radius,
        exposure_cm2_s=exposure,
    )
    return _messages(files, field)


def _messages(files: Sequence[Path], field: "Field") -> "Iterator[FileMessage]":
    from pipeline.errors import ConfigurationError
    from pipeline.files import FileMessage
    from pipeline.streams.maxi.fields import read_field

    try:
        for index, value in enumerate(read_field(files, field)):
            yield FileMessage(files[0], index, value)
    except OSError as error:
        raise ConfigurationError(f"cannot read {error.filename}: {error.strerror}") from error
