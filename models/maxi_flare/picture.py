"""One-orbit pictures of any size and kind to the 32x32 grey levels that the network looks at.

A picture is an event map: every photon is a blob, and the whole is scaled to its own maximum, so
that grey levels run from 0 to 255 and absolute brightness is lost. Rows come first, ``(y, x)``.
"""

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray

__all__ = ["SIDE", "WHITE", "scale_to_maximum", "shrink"]

SIDE = 32
"""Side of the picture that the network looks at [pixel]."""

WHITE = 255.0
"""The largest grey level."""


def shrink(picture: Shaped[ndarray, "height width"]) -> Float32[ndarray, "32 32"]:
    """Resample to 32x32 by taking the nearest pixel, as the original did.

    Its images went through Pillow's `resize` at a time when that took the nearest pixel unless told
    otherwise. Output pixel ``i`` is input pixel ``floor((i + 0.5) * size / 32)``; of a 106x106
    picture nine pixels in ten are never looked at.

    Raises
    ------
    ValueError
        If the picture has no pixels.

    Examples
    --------
    >>> shrink(np.arange(64 * 32).reshape(64, 32))[:2, :3]
    array([[32., 33., 34.],
           [96., 97., 98.]], dtype=float32)
    """
    if picture.size == 0:
        raise ValueError(f"a picture needs pixels, but this one has shape {picture.shape}")
    rows, columns = (_nearest(length) for length in picture.shape)
    seen: Float32[ndarray, "32 32"] = picture[np.ix_(rows, columns)].astype(np.float32)
    return seen


def _nearest(length: int) -> ndarray:
    # half pixels times a length over 32: exact in binary, so no rounding can differ from Pillow's
    return ((np.arange(SIDE) + 0.5) * (length / SIDE)).astype(np.intp)


def scale_to_maximum(pixels: Shaped[ndarray, "height width"]) -> Float32[ndarray, "height width"]:
    """Scale numbers of any range to grey levels, the largest becoming 255.

    For pixels that are no grey levels: counts in a FITS image, 16-bit pictures. NaN stays NaN, and
    what has no positive pixel is returned as it is, for `preprocess` to judge.
    """
    numbers = pixels.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    largest = finite.max(initial=0.0)
    with np.errstate(over="ignore"):  # very negative numbers become -inf, which is no grey level
        if largest > 0:
            numbers = numbers / largest * WHITE
        return numbers.astype(np.float32)
