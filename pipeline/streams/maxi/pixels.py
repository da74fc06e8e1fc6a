"""The image of a packet, from whatever it was written as, to numbers and a place on the sky."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.maxi_flare.folder import MOST_PIXELS, grey_levels
from pipeline.arrays import number_type
from pipeline.errors import DecodeError, MissingInput
from pipeline.first_bytes import describe
from pipeline.fits import read_image
from pipeline.fits_sky import Footprint, find_image

__all__ = ["PICTURES", "Pixels", "read_pixels"]

PICTURES: Mapping[str, bytes] = MappingProxyType({"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG"})
"""Formats that hold grey levels, and how their files begin."""


class Pixels(NamedTuple):
    """An image, and where it is."""

    values: npt.NDArray[Any]
    """Real numbers ``(y, x)``, at least one."""

    footprint: Footprint | None
    """Of a FITS image with celestial coordinates."""


def read_pixels(packet: Mapping[str, Any]) -> Pixels:
    """Read the image of a packet.

    Raises
    ------
    InvalidMessage
        If it has none, or another one than it says.
    """
    data, kind, name = packet["image"], packet["format"], packet["imageId"]
    if not data:
        raise MissingInput(f"packet {name} has no image")
    match kind:
        case "raw":
            return Pixels(_read_raw(packet), None)
        case "fits":
            found = find_image(data)
            pixels = read_image(data, found.hdu)
            if not pixels.size:
                raise DecodeError(f"image {name} has the shape {pixels.shape}: it has no pixels")
            return Pixels(pixels, found.footprint)
        case "jpeg" | "png":
            return Pixels(_read_picture(data, kind), None)
    raise DecodeError(f"image {name} is written as {kind!r}; we read fits, jpeg, png and raw")


def _read_picture(data: bytes, kind: str) -> npt.NDArray[Any]:
    if not data.startswith(PICTURES[kind]):
        raise DecodeError(f"the image is {describe(data)}, and format says {kind}")
    try:
        return grey_levels(data)
    except Exception as error:  # damaged pictures make Pillow raise anything
        raise DecodeError(f"the {kind} image cannot be read: {error}") from error


def _read_raw(packet: Mapping[str, Any]) -> npt.NDArray[Any]:
    data, shape, dtype = packet["image"], packet.get("shape"), packet.get("dtype")
    if dtype is None or shape is None:
        raise MissingInput("a raw image needs its dtype and shape beside it")
    if len(shape) != 2 or min(shape) < 1:  # noqa: PLR2004 - (y, x)
        raise DecodeError(f"the raw image has the shape {shape}, and should have (y, x)")
    numbers = number_type(dtype)
    height, width = shape
    size = height * width * numbers.itemsize
    if size != len(data):
        raise DecodeError(
            f"an image of {height} x {width} pixels of type {dtype} should have {size} bytes, "
            f"and has {len(data)}"
        )
    if height * width > MOST_PIXELS:
        raise DecodeError(
            f"the image has {height} x {width} pixels, and {MOST_PIXELS} are the most"
        )
    return np.frombuffer(data, numbers).reshape(height, width)
