"""Counts in pixels, as the instrument has them, to the picture that the network knows.

A picture is 106x106 pixels of 0.078 deg, each photon a blob, the whole scaled to its own maximum.
Counts still say how bright the sky was: from them the flux is estimated (`models.maxi_flare.flux`).
A pixel that nobody looked at is NaN, in the counts and in the picture alike; `preprocess` notes it.
"""

import numpy as np
from jaxtyping import Float32, Float64, Int64, Shaped
from numpy import ndarray

from models.maxi_flare.picture import WHITE
from models.maxi_flare.render import BLOB_RADIUS_PIXEL, FIELD, kernel
from models.maxi_flare.simulate import RINGS
from models.maxi_flare.sky import DEG_PER_PIXEL

__all__ = ["COARSEST_DEG", "draw_counts", "lay_out", "rings_of_counts"]

COARSEST_DEG = 2 * DEG_PER_PIXEL
"""Pixels larger than this show through the blobs, whose sigma is 2.5 pixels of ours [deg]."""

_MOST = 2**24
"""Photons in a pixel that a number of single precision no longer counts."""

_SAME = 1e-3
"""Relative difference of sizes that moves no pixel of 106 by a tenth of itself."""


def lay_out(
    counts: Shaped[ndarray, "height width"], deg_per_pixel: float
) -> Float64[ndarray, "106 106"]:
    """Count again in pixels of 0.078 deg, the middle of the field in the middle.

    Parameters
    ----------
    counts
        Photons in each pixel, ``(y, x)``; NaN where nobody looked.
    deg_per_pixel
        Side of a pixel on the sky [deg].

    Returns
    -------
    :
        Photons in each of our pixels; NaN where the image does not reach, or is NaN.

    Raises
    ------
    ValueError
        If a pixel holds something else than a number of photons, or pixels are too coarse.
    """
    if not 0 < deg_per_pixel <= COARSEST_DEG:
        raise ValueError(
            f"counts need pixels of at most {COARSEST_DEG:g} deg, and these have {deg_per_pixel:g}"
        )
    numbers = counts.astype(np.float64)
    seen = ~np.isnan(numbers)
    wrong = seen & ~((numbers >= 0) & (numbers < _MOST) & (numbers == np.rint(numbers)))
    if wrong.any():
        raise ValueError(f"a pixel holds {numbers[wrong][0]:g}, which is no number of photons")
    scale = deg_per_pixel / DEG_PER_PIXEL
    if counts.shape == (FIELD, FIELD) and abs(scale - 1) < _SAME:
        return numbers.copy()
    # Ours on theirs says what was looked at, theirs on ours where the photons go.
    rows, columns = (_places(FIELD, length, 1 / scale) for length in counts.shape)
    inside = ((rows >= 0) & (rows < len(numbers)))[:, None] & (
        (columns >= 0) & (columns < numbers.shape[1])
    )
    near = np.ix_(rows.clip(0, len(numbers) - 1), columns.clip(0, numbers.shape[1] - 1))
    looked = inside & seen[near]
    y, x = np.nonzero(np.nan_to_num(numbers))
    to_y = _places(len(numbers), FIELD, scale)[y]
    to_x = _places(numbers.shape[1], FIELD, scale)[x]
    kept = (to_y >= 0) & (to_y < FIELD) & (to_x >= 0) & (to_x < FIELD)
    laid = np.zeros((FIELD, FIELD))
    np.add.at(laid, (to_y[kept], to_x[kept]), numbers[y[kept], x[kept]])
    found: Float64[ndarray, "106 106"] = np.where(looked | (laid > 0), laid, np.nan)
    return found


def _places(length: int, onto: int, scale: float) -> Int64[ndarray, " length"]:
    """Return the pixel, of ``onto``, under the centre of each of ``length``; both have one middle."""
    centres = np.arange(length) + 0.5 - length / 2
    places: Int64[ndarray, " length"] = np.floor(centres * scale + onto / 2).astype(np.int64)
    return places


def draw_counts(counts: Float64[ndarray, "106 106"]) -> Float32[ndarray, "106 106"]:
    """Draw a blob for every photon, as `models.maxi_flare.render.draw_pictures` does.

    Returns
    -------
    :
        Whole grey levels from 0 to 255; NaN where the counts are. Black without a photon.
    """
    blob = kernel()
    canvas = np.zeros(2 * [FIELD + 2 * BLOB_RADIUS_PIXEL])
    photons = np.nan_to_num(counts)
    for dy, dx in np.argwhere(blob):
        canvas[dy : dy + FIELD, dx : dx + FIELD] += blob[dy, dx] * photons
    edge = slice(BLOB_RADIUS_PIXEL, -BLOB_RADIUS_PIXEL)
    summed = canvas[edge, edge]
    grey = np.rint(summed * (WHITE / (summed.max() or 1.0)))
    picture: Float32[ndarray, "106 106"] = np.where(np.isnan(counts), np.nan, grey).astype(
        np.float32
    )
    return picture


def rings_of_counts(counts: Float64[ndarray, "106 106"]) -> Int64[ndarray, " rings"]:
    """Count photons in the rings about the centre that `models.maxi_flare.simulate.RINGS` bounds.

    Raises
    ------
    ValueError
        If there is a pixel that nobody looked at.
    """
    if np.isnan(counts).any():
        raise ValueError(f"{int(np.isnan(counts).sum())} pixels were not looked at")
    y, x = np.indices(counts.shape) - (FIELD - 1) / 2
    found, _ = np.histogram(np.hypot(y, x), RINGS, weights=counts)
    rings: Int64[ndarray, " rings"] = np.rint(found).astype(np.int64)
    return rings
