"""Read the FITS files that `pipeline.fits` leaves to astropy."""

import io
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from astropy.io import fits

from pipeline.core import FloatArray
from pipeline.errors import DecodeError

__all__ = ["has_hdu", "opened", "read_hdu"]

_LOCK = threading.Lock()
"""`warnings.catch_warnings` changes the whole process."""


def has_hdu(data: bytes, hdu: int | str) -> bool:
    """Whether a file has a header and data unit of this number or name."""
    with opened(data) as hdus:
        return hdu in hdus


def read_hdu(data: bytes, hdu: int | str) -> tuple[FloatArray, Mapping[str, Any]]:
    """Return the image ``(y, x)`` in a header and data unit, and the header.

    Raises
    ------
    DecodeError
        If there is none, or it is no image of two axes.
    """
    with opened(data) as hdus, np.errstate(over="ignore"):
        found = hdus[hdu]
        shape = found.shape if found.is_image else None
        pixels = np.asarray(found.data if shape else 0, np.float32)
        header = dict(found.header)
    if shape is None or len(shape) != 2:  # noqa: PLR2004 - (y, x)
        raise DecodeError(f"unit {hdu} of the FITS file is no image of two axes: {shape}")
    return pixels, header


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """Open an unpacked file; whatever goes wrong inside the block is a `DecodeError`."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about headers that are odd, as we knew
        try:
            with fits.open(
                io.BytesIO(data),
                ignore_missing_simple=True,
                disable_image_compression=True,  # it unpacks without a limit
            ) as hdus:
                yield hdus
        except DecodeError:
            raise
        except Exception as error:  # damaged files make astropy raise anything
            raise DecodeError(f"the FITS file cannot be read: {error!r}") from error
