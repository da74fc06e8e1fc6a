"""Write plain FITS images, as quickly as `pipeline.fits` reads them: for simulated packets."""

from collections.abc import Mapping

from pipeline.core import FloatArray

__all__ = ["image_hdu"]

_BLOCK = 2880
"""A FITS file is made of blocks of this size [byte]. FITS Standard 4.0, section 3.1."""


def image_hdu(
    pixels: FloatArray, cards: Mapping[str, str | float] | None = None, *, first: bool = True
) -> bytes:
    """Return an image as a FITS header and data unit.

    Parameters
    ----------
    pixels
        Shape ``(y, x)``; written as float32.
    cards
        More keywords and their values.
    first
        Whether the file begins with it.
    """
    height, width = pixels.shape
    start = {"SIMPLE": "T"} if first else {"XTENSION": "'IMAGE   '"}
    size = {"BITPIX": -32, "NAXIS": 2, "NAXIS1": width, "NAXIS2": height}
    groups = {} if first else {"PCOUNT": 0, "GCOUNT": 1}
    lines = [f"{key:<8}= {value:>20}" for key, value in (start | size | groups).items()]
    for key, value in (cards or {}).items():
        text = f"'{value:<8}'" if isinstance(value, str) else f"{value:>20}"
        lines.append(f"{key:<8}= {text}")
    header = "".join(f"{line:<80}" for line in [*lines, "END"]).encode("ascii")
    return _padded(header, b" ") + _padded(pixels.astype(">f4").tobytes(), b"\0")


def _padded(data: bytes, filler: bytes) -> bytes:
    return data + filler * (-len(data) % _BLOCK)
