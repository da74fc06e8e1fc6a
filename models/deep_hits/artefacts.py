"""What goes wrong in image subtraction, drawn as patterns on the stamp.

Each pattern is ``(n, 21, 21)`` and unscaled: `models.deep_hits.events` gives it the amplitude that
makes it a detection. Patterns pass through the central pixel, because that is where the detection
was made.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.sky import PIXELS, chance, column
from models.deep_hits.stamps import SIDE
from models.network import FloatArray

__all__ = ["PATTERNS", "bleed", "missing_edge", "ringing"]

_C = SIDE // 2


def _segment(rng: Generator, length: ndarray, width: ndarray) -> FloatArray:
    """Draw straight tracks of Gaussian cross-section, at random angles, through the centre.

    Parameters
    ----------
    length
        Length of each track [pixel].
    width
        Standard deviation across it [pixel].
    """
    n = len(length)
    angle = rng.uniform(0, np.pi, n)
    cos, sin = column(np.cos(angle)), column(np.sin(angle))
    y0, x0 = (column(offset) for offset in rng.uniform(-0.5, 0.5, (2, n)))
    start = column(length * rng.random(n))
    end = column(length) - start
    dy, dx = PIXELS[:, None] - y0, PIXELS[None, :] - x0
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    beyond = np.maximum(np.maximum(along - end, -along - start), 0)
    return np.asarray(np.exp(-(across**2 + beyond**2) / (2 * column(width) ** 2)))


def _cosmic_ray(rng: Generator, fwhm: ndarray) -> FloatArray:
    """Draw a charged particle: a track sharper than any star, of a pixel or two or up to fifteen."""
    n = len(fwhm)
    length = np.where(chance(rng, n, 0.55), rng.uniform(0, 1.5, n), rng.exponential(4.0, n))
    return _segment(rng, length, rng.uniform(0.3, 0.5, n))


def _hot_pixels(rng: Generator, fwhm: ndarray) -> FloatArray:
    """Draw one bad pixel, a few beside it, or a bad column or row of the detector."""
    n = len(fwhm)
    image = np.zeros((n, SIDE, SIDE), np.float32)
    image[:, _C, _C] = 1
    beside = rng.random((n, 3, 3)) * rng.integers(0, 2, (n, 3, 3))
    image[:, _C - 1 : _C + 2, _C - 1 : _C + 2] += column(chance(rng, n, 0.4)) * beside
    line = np.zeros((n, SIDE, SIDE), np.float32)
    line[:, :, _C] = 1
    line[:, :, _C + 1] = chance(rng, n, 0.5)[:, None]
    first = np.where(chance(rng, n, 0.6), -SIDE, rng.integers(-10, 1, n))
    line *= (PIXELS[:, None] >= column(first)) * rng.uniform(0.6, 1.4, (n, SIDE, 1))
    lines = chance(rng, n, 0.4)
    image[lines] = line[lines]
    return _turn(rng, image)


def _trail(rng: Generator, fwhm: ndarray) -> FloatArray:
    """Draw a satellite or a spike of a bright star: a line as wide as the stars, or wider."""
    n = len(fwhm)
    return _segment(rng, np.full(n, 80.0), fwhm / 2.355 * rng.uniform(0.8, 2.0, n))


def _ghost(rng: Generator, fwhm: ndarray) -> FloatArray:
    """Draw a reflection: a diffuse disc or the rim of a halo, much wider than a star."""
    n = len(fwhm)
    radius, soft = rng.uniform(4, 40, n), rng.uniform(1.0, 4.0, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    y0, x0 = column(radius * np.sin(angle)), column(radius * np.cos(angle))
    distance = np.hypot(PIXELS[:, None] - y0, PIXELS[None, :] - x0) - column(radius)
    rim = np.exp(-((distance / column(soft * 1.5)) ** 2))
    disc = 1 / (1 + np.exp(np.clip(distance / column(soft), -30, 30)))
    return np.asarray(np.where(column(chance(rng, n, 0.5)) > 0, rim, disc), np.float32)


def ringing(rng: Generator, y: ndarray, x: ndarray) -> FloatArray:
    """Return waves about a star, 1 at its centre: what undersampling or whitening leaves behind.

    Stripes along an axis of the detector or rings, 2 to 5 pixels from crest to crest; multiply by
    the star to fade them out.
    """
    n = len(y)
    dy, dx = PIXELS[:, None] - column(y), PIXELS[None, :] - column(x)
    kind = column(rng.integers(0, 3, n))
    distance = np.where(kind == 0, np.hypot(dy, dx), np.where(kind == 1, dy, dx))
    return np.asarray(np.cos(2 * np.pi * distance / column(rng.uniform(2, 5, n))), np.float32)


def bleed(rng: Generator, n: int) -> FloatArray:
    """Draw the column that an overfull star spills into, along either axis of the detector."""
    image = np.zeros((n, SIDE, SIDE), np.float32)
    image[:, :, _C] = 1
    image[:, :, _C + 1] = (chance(rng, n, 0.5) * rng.uniform(0.2, 1, n))[:, None]
    image *= np.exp(-np.abs(PIXELS)[:, None] / column(rng.uniform(3, 60, n)))
    return _turn(rng, image)


def missing_edge(rng: Generator, nearest: ndarray) -> Bool[ndarray, "n 21 21"]:
    """Mask the part of a stamp that lies off the detector.

    Parameters
    ----------
    nearest
        Least distance of the edge from the central pixel [pixel]: ``(n,)``.
    """
    edge = rng.integers(nearest, _C + 1)
    mask = np.broadcast_to(PIXELS[:, None] >= column(edge), (len(nearest), SIDE, SIDE))
    return _turn(rng, mask.astype(np.float32)) > 0


def _turn(rng: Generator, image: FloatArray) -> FloatArray:
    """Rotate each stamp by a random multiple of 90 degrees."""
    turned = np.empty_like(image)
    quarters = rng.integers(0, 4, len(image))
    for k in range(4):
        turned[quarters == k] = np.rot90(image[quarters == k], k, axes=(1, 2))
    return turned


PATTERNS: Mapping[str, Callable[[Generator, ndarray], FloatArray]] = MappingProxyType(
    {"cosmic ray": _cosmic_ray, "hot pixel": _hot_pixels, "trail": _trail, "ghost": _ghost}
)
"""Patterns that add light of their own: ``(rng, fwhm [pixel])`` to ``(n, 21, 21)``."""
