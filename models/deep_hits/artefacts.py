"""What goes wrong in image subtraction, drawn as patterns on the stamp.

Each pattern is ``(n, 21, 21)``, non-negative and unscaled: `models.deep_hits.simulate` gives it the
amplitude that makes it a detection. Patterns pass through the central pixel, because that is where
the detection was made.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.stamps import SIDE

__all__ = ["PATTERNS", "bleed", "missing_edge", "segment"]

_PIXELS = np.arange(SIDE, dtype=np.float32) - SIDE // 2


def segment(rng: Generator, length: ndarray, width: ndarray) -> Float32[ndarray, "n 21 21"]:
    """Straight tracks of Gaussian cross-section, at a random angle, through the centre.

    Parameters
    ----------
    length
        Length of each track [pixel].
    width
        Standard deviation across it [pixel].
    """
    n = len(length)
    angle = rng.uniform(0, np.pi, n)
    cos, sin = (v.astype(np.float32)[:, None, None] for v in (np.cos(angle), np.sin(angle)))
    y0, x0 = rng.uniform(-0.5, 0.5, (2, n, 1, 1)).astype(np.float32)
    start = (length * rng.random(n)).astype(np.float32)[:, None, None]
    end = length.astype(np.float32)[:, None, None] - start
    dy, dx = _PIXELS[:, None] - y0, _PIXELS[None, :] - x0
    along, across = dx * cos + dy * sin, dy * cos - dx * sin
    beyond = np.maximum(np.maximum(along - end, -along - start), 0)
    w2 = 2 * (width.astype(np.float32) ** 2)[:, None, None]
    return np.exp(-(across**2 + beyond**2) / w2)


def _cosmic_ray(rng: Generator, fwhm: ndarray) -> ndarray:
    """A charged particle: a track sharper than any star, a pixel or two long or up to fifteen."""
    n = len(fwhm)
    length = np.where(rng.random(n) < 0.55, rng.uniform(0, 1.5, n), rng.exponential(4.0, n))
    return segment(rng, length, rng.uniform(0.3, 0.55, n))


def _hot_pixels(rng: Generator, fwhm: ndarray) -> ndarray:
    """One bad pixel, a few beside it, or a bad column or row of the detector."""
    n = len(fwhm)
    image = np.zeros((n, SIDE, SIDE), np.float32)
    c = SIDE // 2
    image[:, c, c] = 1
    few = rng.random(n) < 0.4
    image[:, c - 1 : c + 2, c - 1 : c + 2] += (
        few[:, None, None] * rng.random((n, 3, 3)) * rng.integers(0, 2, (n, 3, 3))
    )
    column = rng.random(n) < 0.4
    depth = np.zeros((n, SIDE, SIDE), np.float32)
    width = rng.integers(1, 3, n)
    for wide in (1, 2):
        depth[width == wide, :, c : c + wide] = 1
    starts = np.where(rng.random(n) < 0.6, -99, rng.integers(-10, 1, n))[:, None, None]
    depth *= _PIXELS[:, None] >= starts
    depth *= rng.uniform(0.6, 1.4, (n, SIDE, 1))
    image[column] = depth[column]
    return _turn(rng, image)


def _trail(rng: Generator, fwhm: ndarray) -> ndarray:
    """A satellite or a spike of a bright star: a line as wide as the stars, across the stamp."""
    return segment(rng, np.full(len(fwhm), 80.0), fwhm / 2.355 * rng.uniform(0.8, 2.0, len(fwhm)))


def _ghost(rng: Generator, fwhm: ndarray) -> ndarray:
    """A reflection: a diffuse disc or the rim of a halo, much wider than a star."""
    n = len(fwhm)
    column = lambda v: v.astype(np.float32)[:, None, None]  # noqa: E731 - (n,) against (n, y, x)
    radius, soft = rng.uniform(4, 40, n), rng.uniform(1.0, 4.0, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    y0, x0 = column(radius * np.sin(angle)), column(radius * np.cos(angle))
    distance = np.hypot(_PIXELS[:, None] - y0, _PIXELS[None, :] - x0) - column(radius)
    rim = np.exp(-((distance / column(soft * 1.5)) ** 2))
    disc = 1 / (1 + np.exp(np.clip(distance / column(soft), -30, 30)))
    return np.where(column(rng.random(n)) < 0.5, rim, disc)


def bleed(rng: Generator, n: int) -> ndarray:
    """The column that an overfull star spills into, along either axis of the detector."""
    c = SIDE // 2
    image = np.zeros((n, SIDE, SIDE), np.float32)
    image[:, :, c] = 1
    wide = rng.random(n) < 0.5
    image[wide, :, c + 1] = rng.uniform(0.2, 1, wide.sum())[:, None]
    image *= np.exp(-np.abs(_PIXELS)[:, None] / rng.uniform(3, 60, (n, 1, 1)))
    return _turn(rng, image)


def missing_edge(rng: Generator, n: int, nearest: int) -> ndarray:
    """Masks ``(n, 21, 21)`` of the part of a stamp that lies off the detector.

    Parameters
    ----------
    nearest
        Distance of the edge from the central pixel, at least [pixel].
    """
    edge = rng.integers(nearest, SIDE // 2 + 1, n)[:, None, None]
    mask = np.broadcast_to(_PIXELS[:, None] >= edge, (n, SIDE, SIDE)).astype(np.float32)
    return _turn(rng, mask) > 0


def _turn(rng: Generator, image: ndarray) -> ndarray:
    """Rotate each stamp by a random multiple of 90 degrees."""
    turned = np.empty_like(image)
    quarter = rng.integers(0, 4, len(image))
    for k in range(4):
        turned[quarter == k] = np.rot90(image[quarter == k], k, axes=(1, 2))
    return turned


PATTERNS: Mapping[str, Callable[[Generator, ndarray], ndarray]] = MappingProxyType(
    {"cosmic ray": _cosmic_ray, "hot pixel": _hot_pixels, "trail": _trail, "ghost": _ghost}
)
"""Patterns that add light of their own: ``(rng, fwhm [pixel])`` to ``(n, 21, 21)``."""
