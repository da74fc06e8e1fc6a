"""Bigger stamps to 21x21, and the SNR difference of surveys that send none.

The centre of a stamp of ``n`` pixels is the pixel ``n // 2``: the middle one of an odd side, the
upper of the two middle ones of an even side (pixel 15 of Rubin's 30). It lands on pixel 10 of 21.

Policy for small stamps: a side shorter than 21 is padded with NaN, which `preprocess` counts and
fills. A cutout at the edge of the detector is smaller than the survey's nominal side (ZTF sends
43x63 or 63x54 instead of 63x63), and the array does not say which edge was cut. We take the
centre of what is there: off by at most half of what is missing, when the truth is unknown. A
survey that states the position of the source in the stamp should use that instead, by passing
``centre``.
"""

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from models.network import FloatArray

__all__ = ["HUGE", "NOMINAL_GAIN", "SIDE", "centre_stamp", "snr_difference"]

SIDE = 21
"""Side of a Deep-HiTS stamp [pixel]."""

HUGE = np.float32(1e20)
"""A pixel of at least this size is a mark for "no data" (ZTF templates hold 3.4e38), not light."""

NOMINAL_GAIN = 6.2
"""Gain assumed where none is given [e-/DN]: that of the ZTF camera (Dekany et al. 2020, PASP 132)."""

_MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution in units of its median absolute deviation."""


def centre_stamp(
    image: Float[ndarray, "y x"], side: int = SIDE, centre: tuple[int, int] | None = None
) -> tuple[FloatArray, float]:
    """Cut the central square out of an image, padding with NaN where the image ends.

    Parameters
    ----------
    image
        Pixels in any unit.
    side
        Side of the square [pixel].
    centre
        Pixel ``(y, x)`` that lands on pixel ``side // 2`` of the result; the centre of the image,
        as this module's text defines it, if left out.

    Returns
    -------
    :
        The stamp, shape ``(side, side)``, float32, and the padded fraction of its area.

    Examples
    --------
    >>> stamp, padded = centre_stamp(np.arange(25.0).reshape(5, 5), side=3)
    >>> stamp[1, 1], padded
    (np.float32(12.0), 0.0)
    """
    height, width = image.shape
    y, x = centre or (height // 2, width // 2)
    top, left = y - side // 2, x - side // 2
    y0, y1 = max(top, 0), min(top + side, height)
    x0, x1 = max(left, 0), min(left + side, width)
    if (y1 - y0, x1 - x0) == (side, side):
        return np.ascontiguousarray(image[y0:y1, x0:x1], dtype=np.float32), 0.0
    stamp = np.full((side, side), np.nan, np.float32)
    if y1 > y0 and x1 > x0:
        stamp[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    covered = max(y1 - y0, 0) * max(x1 - x0, 0)
    return stamp, 1 - covered / side**2


def snr_difference(
    difference: Float[ndarray, "*batch y x"],
    science: Float[ndarray, "*batch y x"],
    template: Float[ndarray, "*batch y x"],
    variance: Float[ndarray, "*batch y x"] | None = None,
    gain: float | None = None,
) -> Float32[ndarray, "*batch y x"]:
    """Divide a difference by its noise, pixel by pixel.

    Parameters
    ----------
    difference, science, template
        Pixels [DN, or any linear unit]. Missing pixels are NaN, infinite or at least `HUGE`.
    variance
        Variance of the difference [the unit of the pixels, squared], where the survey sends it:
        then this is all that is used. Where it is not positive, the result is NaN.
    gain
        Electrons per unit of the pixels [e-/DN]; `NOMINAL_GAIN` if left out.

    Returns
    -------
    :
        Signal-to-noise ratio per pixel, float32; NaN where the difference or its noise is unknown.

    Notes
    -----
    Without a variance it is estimated as ``s**2 + (science' + template') / gain``: ``s`` from the
    median absolute deviation of the whole difference stamp (use the biggest stamp there is,
    before cropping), and the light of the sources above the median of each stamp, cut at zero,
    as Poisson noise. Read noise and sky are in ``s``. A template that was scaled or averaged has
    less noise than this says; the network only sees the result scaled to [0, 1], so it is the
    contrast between bright sources and sky that matters.
    """
    with np.errstate(all="ignore"):  # unknown pixels become NaN, here and below, on purpose
        pixels = _known(difference)
        if variance is None:
            sky = _MAD_TO_SIGMA * _median(np.abs(pixels - _median(pixels)))
            light = _above_sky(science) + _above_sky(template)
            squared = sky.astype(np.float64) ** 2 + light / (gain or NOMINAL_GAIN)
        else:
            squared = variance.astype(np.float64)
        return _known(pixels / np.sqrt(np.where(squared > 0, squared, np.nan)))


def _known(image: Float[ndarray, "*batch y x"]) -> Float32[ndarray, "*batch y x"]:
    """Return the image with NaN for every pixel that is no measurement."""
    size = np.abs(image)
    if size.size and size.max() < HUGE:  # false for NaN
        return image.astype(np.float32, copy=False)
    known: FloatArray = np.where(size < HUGE, image, np.nan).astype(np.float32)
    return known


def _median(pixels: Float32[ndarray, "*batch y x"]) -> Float32[ndarray, "*batch 1 1"]:
    """Median of each stamp's known pixels; of an even number, the lower of the middle two."""
    ordered = np.sort(pixels.reshape(*pixels.shape[:-2], -1), axis=-1)  # NaN sorts last
    if np.isnan(ordered[..., -1]).any():
        known = np.isfinite(ordered).sum(axis=-1, keepdims=True)
        middle: FloatArray = np.take_along_axis(ordered, np.maximum(known - 1, 0) // 2, axis=-1)
    else:
        middle = ordered[..., (ordered.shape[-1] - 1) // 2, None]
    return middle[..., None]


def _above_sky(image: Float[ndarray, "*batch y x"]) -> Float32[ndarray, "*batch y x"]:
    """Light above the median of each stamp, 0 where it is below or unknown."""
    pixels = _known(image)
    light: FloatArray = pixels - _median(pixels)
    np.fmax(light, np.float32(0), out=light)  # the number, where one is NaN
    return light
