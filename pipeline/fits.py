"""Read the images of alert packets: FITS, often gzipped.

A packet has three of them, and astropy takes longer for one than we do for the whole packet.
So plain images, which all surveys send, are read here: a header that starts with the five
mandatory keywords of a 2-D array, and pixels that are not scaled.  Whatever else it may be goes
to astropy, which is also the oracle of the tests.

FITS counts pixels from 1 and x first; arrays here are ``(y, x)`` and count from 0.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.codecs import inflate
from pipeline.core import FloatArray
from pipeline.errors import DecodeError
from pipeline.first_bytes import describe

__all__ = ["read_ccd", "read_image", "reference_pixel", "unpacked"]

_BLOCK = 2880
"""A FITS file is made of blocks of this size [byte]. FITS Standard 4.0, section 3.1."""

_CARD = 80
_MOST_HEADER_BLOCKS = 32
_GZIP = 31
"""The window size by which zlib means gzip with its checksum."""

_DTYPES = {"-64": ">f8", "-32": ">f4", "8": "u1", "16": ">i2", "32": ">i4", "64": ">i8"}
"""BITPIX to NumPy's name."""

_MANDATORY = ("BITPIX", "NAXIS", "NAXIS1", "NAXIS2")
_NOT_PLAIN = frozenset({*_MANDATORY, "BSCALE", "BZERO", "BLANK", "GROUPS", "ZIMAGE"})
"""Keywords that change what the pixels mean, and repetitions of the mandatory ones."""

_END = re.compile(rb"(?s)(?:.{80})*END {77}")
"""A header block that holds the last card."""


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of a plain image."""

    dtype: str
    shape: tuple[int, int]
    cards: Mapping[str, str]
    size: int
    """Size of the header [byte]."""

    @property
    def data_size(self) -> int:
        """Size of the pixels [byte]."""
        return self.shape[0] * self.shape[1] * np.dtype(self.dtype).itemsize

    def next_hdu(self, at: int) -> int:
        """Return where the next header begins, if this one is at ``at``."""
        return at + self.size + -(-self.data_size // _BLOCK) * _BLOCK


def read_image(data: bytes, hdu: int = 0) -> FloatArray:
    """Return one image of a FITS file.

    Parameters
    ----------
    data
        The file, gzipped or not.
    hdu
        Number of the header and data unit; 0 is the first.

    Returns
    -------
    :
        Pixels, shape ``(y, x)``, in the unit of the file.

    Raises
    ------
    DecodeError
        If there is no such image.
    """
    data = unpacked(data)
    at = 0
    for _ in range(hdu):
        header = _plain_header(data, at)
        if header is None:
            return _read_by_astropy(data, hdu)
        at = header.next_hdu(at)
    header = _plain_header(data, at)
    return _read_by_astropy(data, hdu) if header is None else _pixels(data, at, header)


def read_ccd(data: bytes) -> tuple[FloatArray, FloatArray | None]:
    """Return the image of a file that ``astropy.nddata.CCDData`` wrote, and its variance.

    Rubin sends three images to a cutout: pixels, UNCERT, and the point-spread function.

    Returns
    -------
    :
        Pixels ``(y, x)``; their variance, likewise and in their unit squared, or None.
    """
    data = unpacked(data)
    image = read_image(data)
    at = 0
    while at < len(data):
        header = _plain_header(data, at)
        if header is None:
            return image, _variance_by_astropy(data, image.shape)
        if header.cards.get("EXTNAME") == "UNCERT":
            noise = _pixels(data, at, header)
            return image, _variance(noise, header.cards.get("UTYPE"), image.shape)
        at = header.next_hdu(at)
    return image, None


def reference_pixel(data: bytes) -> tuple[float, float] | None:
    """Return the reference pixel ``(y, x)`` of a file's coordinates, counted from 0."""
    header = _plain_header(unpacked(data), 0)
    if header is None:
        return None
    try:
        y, x = (float(header.cards[key]) - 1 for key in ("CRPIX2", "CRPIX1"))
    except (KeyError, ValueError):
        return None
    return (y, x) if math.isfinite(y + x) else None


def unpacked(data: bytes) -> bytes:
    """Return a FITS file that may have been gzipped.

    Raises
    ------
    DecodeError
        If it is none, or damaged, or unpacks to too much.
    """
    if data[:2] == b"\x1f\x8b":
        data = inflate(data, _GZIP)
    if not data.startswith(b"SIMPLE"):
        raise DecodeError(f"the image is {describe(data)}, not FITS")
    return data


def _plain_header(data: bytes, at: int) -> _Header | None:
    """Return the header at a position, or None if astropy should read the file."""
    for end in range(at + _BLOCK, at + _MOST_HEADER_BLOCKS * _BLOCK, _BLOCK):
        if _END.match(data, end - _BLOCK, end):
            return _parse(data[at:end])
    return None


@lru_cache(maxsize=256)  # ZTF's headers are all the same
def _parse(header: bytes) -> _Header | None:
    lines = [header[i : i + _CARD] for i in range(0, len(header), _CARD)]
    text = [line.decode("latin-1") for line in lines]
    names = [line[:8].rstrip() for line in text]
    values = [line[10:].partition("/")[0].strip().strip("' ") for line in text]
    start = names[0], values[0]
    if start not in (("SIMPLE", "T"), ("XTENSION", "IMAGE")) or values[2] != "2":
        return None
    if tuple(names[1:5]) != _MANDATORY or not _NOT_PLAIN.isdisjoint(names[5:]):
        return None
    sizes = [value for value in values[3:5] if value.isdecimal()]
    if len(sizes) != 2 or values[1] not in _DTYPES:  # noqa: PLR2004 - (y, x)
        return None
    cards = dict(zip(names[5:], values[5:], strict=True))
    if cards.get("PCOUNT", "0") != "0" or cards.get("GCOUNT", "1") != "1":
        return None
    shape = int(sizes[1]), int(sizes[0])
    return _Header(_DTYPES[values[1]], shape, cards, len(header))


def _pixels(data: bytes, at: int, header: _Header) -> FloatArray:
    (height, width), here = header.shape, len(data) - at - header.size
    if header.data_size > here:
        raise DecodeError(
            f"the FITS image is truncated: {height} x {width} pixels ({header.dtype}) "
            f"are {header.data_size} bytes, and there are {max(here, 0)}"
        )
    pixels = np.frombuffer(data, header.dtype, height * width, at + header.size)
    with np.errstate(over="ignore"):  # a double beyond single precision becomes infinite
        return pixels.reshape(header.shape).astype(np.float32)


def _variance(noise: FloatArray, kind: str | None, shape: tuple[int, ...]) -> FloatArray:
    """Return the variance, if ``noise`` is what UTYPE says: a deviation if it says nothing."""
    if noise.shape != shape:
        raise DecodeError(f"the image has shape {shape}, and its variance {noise.shape}")
    with np.errstate(over="ignore", divide="ignore"):
        match kind:
            case "VarianceUncertainty":
                return noise
            case "InverseVariance":
                return np.reciprocal(noise)
            case None | "StdDevUncertainty":
                return np.square(noise)
    raise DecodeError(f"the image has an uncertainty of unknown type {kind!r}")


def _read_by_astropy(data: bytes, hdu: int) -> FloatArray:
    from pipeline.fits_by_astropy import read_hdu  # slow to import, and rarely needed

    return read_hdu(data, hdu)[0]


def _variance_by_astropy(data: bytes, shape: tuple[int, ...]) -> FloatArray | None:
    from pipeline.fits_by_astropy import has_hdu, read_hdu

    if not has_hdu(data, "UNCERT"):
        return None
    noise, cards = read_hdu(data, "UNCERT")
    return _variance(noise, cards.get("UTYPE"), shape)
