"""Find the photons of a faint picture again: the inverse of `models.maxi_flare.render`.

A picture is a sum of equal blobs at whole pixels, so its events can be found by fitting a height of
zero or more to every pixel, and reading the heights in units of one event. The one public picture
gives 74 events, and drawing them gives the picture back to half a grey level.

Grey levels are whole numbers, so this works while one event is many of them high: in pictures of a
hundred events or so, which have none of the bright flares. Whether it worked is found out by
drawing the events again; where the two pictures differ there is no answer.
"""

import numpy as np
from jaxtyping import Float, Integer, Shaped
from numpy import ndarray

from models.maxi_flare.render import BLOB_RADIUS_PIXEL, FIELD, Events, draw_pictures, kernel

__all__ = ["CrowdedError", "find_events"]

_STEPS = 1500
_SIDE = 128
"""Of the plane that is folded: the picture and a blob fit on it [pixel]."""

_LEAST = 0.3
"""Share of one event from which a height counts as one."""

_TOLERANCE = 3.0
"""Largest root mean square difference between the picture and that of its events [grey level]."""


class CrowdedError(ValueError):
    """The events of this picture cannot be told apart."""


def find_events(
    picture: Shaped[ndarray, "106 106"],
) -> tuple[Integer[ndarray, " events"], Integer[ndarray, " events"]]:
    """Return row and column of every event in a picture of 106x106 grey levels.

    Raises
    ------
    CrowdedError
        If drawing the events found does not give the picture back.
    """
    grey = picture.astype(np.float64)
    heights = _fit_heights(grey)
    if not heights.any():
        raise CrowdedError("the picture is black")
    one = float(np.median(heights[heights > _LEAST * heights.max()]))
    counts = np.where(heights > _LEAST * one, np.maximum(np.rint(heights / one), 1), 0)
    rows, columns = np.nonzero(counts)
    y, x = (np.repeat(axis, counts[rows, columns].astype(np.intp)) for axis in (rows, columns))
    centre = (FIELD - 1) / 2
    again = draw_pictures(Events(np.zeros(len(y), np.intp), y - centre, x - centre), 1)[0]
    difference = float(np.sqrt(np.mean((again * (grey.max() / again.max()) - grey) ** 2)))
    if difference > _TOLERANCE:
        raise CrowdedError(
            f"drawing its {len(y)} events again differs by {difference:.1f} grey levels,"
            f" more than {_TOLERANCE:g}"
        )
    return y, x


def _fit_heights(grey: Float[ndarray, "106 106"]) -> Float[ndarray, "106 106"]:
    """Return the heights of blobs, none negative, whose sum is nearest to the picture.

    References
    ----------
    Beck & Teboulle 2009, SIAM J. Imaging Sci. 2, 183: the accelerated gradient steps.
    """
    plane = np.zeros((_SIDE, _SIDE))
    reach = 2 * BLOB_RADIUS_PIXEL + 1
    plane[:reach, :reach] = kernel()
    plane = np.roll(plane, -BLOB_RADIUS_PIXEL, axis=(0, 1))  # symmetric: its own transpose
    response = np.fft.rfft2(plane).real
    step = 1 / response.max() ** 2

    def blur(image: ndarray) -> ndarray:
        folded = np.fft.irfft2(np.fft.rfft2(image, (_SIDE, _SIDE)) * response, (_SIDE, _SIDE))
        return np.asarray(folded[:FIELD, :FIELD])

    heights = ahead = np.zeros_like(grey)
    momentum = 1.0
    for _ in range(_STEPS):
        following = np.maximum(ahead - step * blur(blur(ahead) - grey), 0)
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / faster * (following - heights)
        heights, momentum = following, faster
    return heights
