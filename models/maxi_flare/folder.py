"""Read one-orbit pictures from folders of files, one at a time.

::

    folder/background/*.jpg      labelled 0
    folder/flare/*.jpg           labelled 1

JPEG and PNG are read as the original did, as 8-bit grey. FITS images and 16-bit pictures hold
other numbers than grey levels and are scaled to their own maximum. A FITS image must be of blobs,
as the pictures are: counts in pixels are another kind of picture to the network. The first row of
a FITS image is its lowest; the network was trained on every orientation, so nothing is turned.
"""

import gzip
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from models.maxi_flare.picture import scale_to_maximum

__all__ = [
    "CLASSES",
    "LabelledFile",
    "PictureError",
    "Window",
    "grey_levels",
    "labelled_files",
    "read_picture",
]

CLASSES: Mapping[str, int] = MappingProxyType({"background": 0, "flare": 1})
"""Sub-folder to label."""

_PICTURES = (".jpg", ".jpeg", ".png")
_FITS = (".fits", ".fit", ".fits.gz", ".fit.gz")

_AXES = 2

MOST_PIXELS = 2**24
"""Of a picture: a short file must not fill the memory."""

_LEVELS = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})
"""Pillow's modes of 8 bits or less, which it turns into grey levels."""

_NAME = re.compile(r"(?P<number>\d+)_(?P<start>\d+\.\d+)-(?P<stop>\d+\.\d+)")


class PictureError(ValueError):
    """A file or folder is not what it should be; the message names it."""


class LabelledFile(NamedTuple):
    """A file, and what its folder says it shows."""

    path: Path

    label: int
    """1 for a flare, 0 for background."""


class Window(NamedTuple):
    """What the name of a file says of its picture."""

    number: int
    """What the original puts first; what it counts is stated nowhere."""

    start_mjd: float
    """Start of the exposure [d]; the scale is stated nowhere, UTC is assumed."""

    stop_mjd: float
    """Its end, on the same scale [d]."""

    @classmethod
    def of(cls, path: Path) -> "Window | None":
        """Read a name such as ``103_57774.432245-57774.435081.jpg``; None if it is another.

        Examples
        --------
        >>> Window.of(Path("103_57774.432245-57774.435081.jpg"))
        Window(number=103, start_mjd=57774.432245, stop_mjd=57774.435081)
        """
        found = _NAME.match(path.name)
        if found is None:
            return None
        return cls(int(found["number"]), float(found["start"]), float(found["stop"]))


def labelled_files(folder: Path) -> Iterator[LabelledFile]:
    """Yield the files of a folder of pictures by class and name; none is opened.

    Hidden files are passed over, as every browser of files leaves some.

    Raises
    ------
    PictureError
        If there is no such folder, a class has none or no files, or a file has another ending.
    """
    for name, label in CLASSES.items():
        inner = folder / name
        if not inner.is_dir():
            raise PictureError(
                f"{inner} is not a folder: pictures belong in {'/, '.join(CLASSES)}/"
            )
        files = sorted(path for path in inner.iterdir() if not path.name.startswith("."))
        if not files:
            raise PictureError(f"{inner} holds no pictures")
        for path in files:
            _ending(path)
            yield LabelledFile(path, label)


def read_picture(path: Path) -> Float32[ndarray, "height width"]:
    """Read one file as grey levels from 0 to 255, shape ``(y, x)``.

    Raises
    ------
    PictureError
        If it cannot be read, is no image, or has another ending than JPEG, PNG and FITS have.
    """
    read = _read_fits if _ending(path) in _FITS else _read_grey
    try:
        return read(path)
    except PictureError:
        raise
    except Exception as error:  # whatever a decoder makes of a damaged file
        raise PictureError(f"{path} cannot be read: {error}") from error


def _ending(path: Path) -> str:
    name = path.name.lower()
    for ending in (*_PICTURES, *_FITS):
        if name.endswith(ending):
            return ending
    raise PictureError(f"{path} ends in none of {', '.join((*_PICTURES, *_FITS))}")


def grey_levels(data: bytes) -> Float32[ndarray, "height width"]:
    """Read the bytes of a JPEG or PNG image as grey levels from 0 to 255, shape ``(y, x)``.

    Raises
    ------
    PictureError
        If it has more than `MOST_PIXELS`. Damaged images raise whatever Pillow raises.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise PictureError(
                f"the picture has {height} x {width} pixels, and {MOST_PIXELS} are the most"
            )
        if image.mode in _LEVELS:
            return np.asarray(image.convert("L"), np.float32)
        return scale_to_maximum(np.asarray(image))


def _read_grey(path: Path) -> Float32[ndarray, "height width"]:
    return grey_levels(path.read_bytes())


def _read_fits(path: Path) -> Float32[ndarray, "height width"]:
    from astropy.io import fits

    data = path.read_bytes()
    if path.suffix.lower() == ".gz":
        data = gzip.decompress(data)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "File may have been truncated")
        with fits.open(io.BytesIO(data)) as units:
            for unit in units:
                if unit.is_image and unit.data is not None:
                    if unit.data.ndim != _AXES:
                        raise PictureError(
                            f"{path}: its image has shape {unit.data.shape}, not (y, x)"
                        )
                    return scale_to_maximum(unit.data)
    raise PictureError(f"{path} holds no image")
