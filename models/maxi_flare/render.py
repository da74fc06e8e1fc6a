"""Events to pictures: how the sky's photons become the grey levels of a one-orbit image.

The one public picture (X Per, MJD 57774.43) is reproduced to the noise of its JPEG by 74 equal
blobs at whole pixels: Gaussians of 2.5 pixels, cut off beyond a distance of 5 pixels, summed and
scaled to the largest sum. No event lies outside the 106x106 pixels, so none is drawn there.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8, UInt16
from numpy import ndarray

from models.maxi_flare.picture import WHITE

__all__ = [
    "BLOB_RADIUS_PIXEL",
    "BLOB_SIGMA_PIXEL",
    "FIELD",
    "Events",
    "count_photons",
    "draw_pictures",
    "kernel",
]

FIELD = 106
"""Side of a one-orbit picture [pixel]."""

BLOB_SIGMA_PIXEL = 2.5
BLOB_RADIUS_PIXEL = 5

_WIDE = FIELD + 2 * BLOB_RADIUS_PIXEL
"""Side of a canvas on which a blob at the border fits [pixel]."""


class Events(NamedTuple):
    """Photons, or what was taken for one; every attribute has shape ``(events,)``."""

    image: ndarray
    """Number of the image in its block."""

    y: ndarray
    """Row relative to the centre of the field [pixel]."""

    x: ndarray
    """Column relative to the centre of the field [pixel]."""

    def keep(self, which: ndarray) -> "Events":
        """Return some of the events."""
        return Events(*(column[which] for column in self))

    def inside(self) -> "Events":
        """Return the events in the field, at the centre of their pixel."""
        centre = (FIELD - 1) / 2
        y, x = (np.rint(position + centre) - centre for position in (self.y, self.x))
        moved = Events(self.image, y, x)
        return moved.keep((np.abs(y) <= centre) & (np.abs(x) <= centre))


def kernel() -> ndarray:
    """Return the blob of one event, shape ``(11, 11)``, its peak 1."""
    steps = np.arange(-BLOB_RADIUS_PIXEL, BLOB_RADIUS_PIXEL + 1)
    squared = steps[:, None] ** 2 + steps**2
    blob = np.exp(-squared / (2 * BLOB_SIGMA_PIXEL**2))
    return np.where(squared <= BLOB_RADIUS_PIXEL**2, blob, 0.0)


def count_photons(events: Events, n: int) -> UInt16[ndarray, "n 106 106"]:
    """Count the events in each pixel of ``n`` images; they are as `draw_pictures` takes them."""
    rows, columns = ((p + (FIELD - 1) / 2).astype(np.intp) for p in (events.y, events.x))
    pixel = (events.image * FIELD + rows) * FIELD + columns
    counted = np.bincount(pixel, minlength=n * FIELD * FIELD)
    return counted.reshape(n, FIELD, FIELD).astype(np.uint16)


def draw_pictures(events: Events, n: int) -> UInt8[ndarray, "n 106 106"]:
    """Draw ``n`` pictures, each scaled to its own maximum; one without events is black.

    Parameters
    ----------
    events
        In the field and at pixel centres, as `Events.inside` returns them.
    """
    blob = kernel()
    dy, dx = np.nonzero(blob)
    rows, columns = ((p + (FIELD - 1) / 2).astype(np.intp) for p in (events.y, events.x))
    corner = (events.image * _WIDE + rows) * _WIDE + columns
    touched = corner[:, None] + (dy * _WIDE + dx)
    heights = np.broadcast_to(blob[dy, dx], touched.shape)
    summed = np.bincount(touched.ravel(), heights.ravel(), minlength=n * _WIDE * _WIDE)
    edge = slice(BLOB_RADIUS_PIXEL, -BLOB_RADIUS_PIXEL)
    canvas = summed.reshape(n, _WIDE, _WIDE)[:, edge, edge]
    top = canvas.max(axis=(1, 2), keepdims=True)
    return np.rint(canvas * (WHITE / np.where(top > 0, top, 1))).astype(np.uint8)
