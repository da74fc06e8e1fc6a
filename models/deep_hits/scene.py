"""Stars and galaxies in a science image, in a template, and in their imperfect difference."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.sky import Observations, chance, column, log_uniform, moffat
from models.deep_hits.stamps import SIDE
from models.network import FloatArray

__all__ = [
    "Light",
    "Mismatch",
    "Sources",
    "background_flux",
    "counted_flux",
    "dark",
    "draw_mismatch",
    "draw_sources",
    "neighbours",
    "subtracted",
]


class Light(NamedTuple):
    """Noiseless images of one scene, each ``(n, 21, 21)`` [DN above the sky]."""

    science: FloatArray
    template: FloatArray
    difference: FloatArray

    def plus(self, other: "Light") -> "Light":
        """Return the sum of two scenes."""
        return Light(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, factor: ndarray) -> "Light":
        """Return the scene, each candidate's ``factor`` times as bright."""
        return Light(*(image * column(factor) for image in self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """How badly the template matches the science image; every attribute has shape ``(n,)``."""

    dy: FloatArray
    """Misregistration along y [pixel]."""

    dx: FloatArray
    """Misregistration along x [pixel]."""

    width: FloatArray
    """Relative error of the matched template's width."""

    flux: FloatArray
    """Relative error of the matched template's flux scale."""

    def put(self, rows: ndarray, other: "Mismatch") -> None:
        """Replace some rows by another mismatch."""
        for name in self.__slots__:
            getattr(self, name)[rows] = getattr(other, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One source per candidate, of unit flux; every attribute has shape ``(n,)``."""

    y: FloatArray
    """Position relative to the central pixel [pixel]."""

    x: FloatArray
    """Position relative to the central pixel [pixel]."""

    extent: FloatArray
    """Intrinsic width, added in quadrature to that of the image: 0 for a star [pixel]."""

    e1: FloatArray
    """Ellipticity along the axes, added to that of the image."""

    e2: FloatArray
    """Ellipticity along the diagonals, added to that of the image."""

    def science(self, seen: Observations) -> FloatArray:
        """Render the science image."""
        return self._render(seen, seen.fwhm, self.y, self.x)

    def template(self, seen: Observations) -> FloatArray:
        """Render the template as it is shown."""
        return self._render(seen, seen.template_fwhm, self.y, self.x)

    def matched(self, seen: Observations, mismatch: Mismatch) -> FloatArray:
        """Render the template after matching it, imperfectly, to the science image."""
        fwhm = seen.fwhm * (1 + mismatch.width)
        image = self._render(seen, fwhm, self.y + mismatch.dy, self.x + mismatch.dx)
        return np.asarray(image * column(1 + mismatch.flux))

    def _render(self, seen: Observations, fwhm: ndarray, y: ndarray, x: ndarray) -> FloatArray:
        flatter = seen.beta - np.where(self.extent > 0, np.float32(0.5), np.float32(0))
        shape = (seen.e1 + self.e1, seen.e2 + self.e2)
        return moffat((y, x), np.hypot(fwhm, self.extent), flatter, shape)


def draw_sources(rng: Generator, y: ndarray, x: ndarray, galaxy: ndarray) -> Sources:
    """Put a star, or a galaxy of random size and shape, at each position."""
    n = len(galaxy)
    size, angle = rng.uniform(0, 0.55, n) * galaxy, rng.uniform(0, 2 * np.pi, n)
    columns = {
        "y": y,
        "x": x,
        "extent": np.exp(rng.normal(np.log(3), 0.6, n)) * galaxy,
        "e1": size * np.cos(angle),
        "e2": size * np.sin(angle),
    }
    return Sources(**{name: np.asarray(value, np.float32) for name, value in columns.items()})


def draw_mismatch(rng: Generator, scale: ndarray) -> Mismatch:
    """Draw everyday errors of matching, times ``scale``: 0.05 pixel, 1.5 % in width, 1 % in flux."""
    errors = np.clip(rng.normal(0, 1, (4, len(scale))), -2.5, 2.5) * scale
    dy, dx, width, flux = (errors * [[0.05], [0.05], [0.015], [0.01]]).astype(np.float32)
    return Mismatch(dy=dy, dx=dx, width=np.maximum(width, np.float32(-0.35)), flux=flux)


def subtracted(source: Sources, seen: Observations, mismatch: Mismatch) -> Light:
    """Return sources of constant brightness, unit flux, in all three images."""
    science = source.science(seen)
    return Light(science, source.template(seen), science - source.matched(seen, mismatch))


def background_flux(rng: Generator, seen: Observations, faint: float, bright: float) -> FloatArray:
    """Draw fluxes whose SNR against the sky is uniform in the logarithm [DN]: ``(n,)``."""
    snr = log_uniform(rng, faint, bright, len(seen))
    return np.asarray(snr * seen.sky_noise * 1.5 * seen.fwhm)  # 1.5 FWHM is sqrt(4 pi) sigma


def dark(n: int) -> Light:
    """Return an empty scene that may be written to."""
    return Light(*np.zeros((3, n, SIDE, SIDE), np.float32))


def counted_flux(rng: Generator, seen: Observations) -> FloatArray:
    """Draw fluxes from SNR 5 on as sources are counted, ten to the 0.3 more per magnitude [DN].

    Notes
    -----
    Ten to the 0.3 per magnitude is a number above a flux that falls as its power of -0.75, about
    what faint stars and galaxies together show at high galactic latitude.
    """
    snr = np.minimum(5.0 * rng.random(len(seen)) ** (-1 / 0.75), 5000.0)
    return np.asarray(snr * seen.sky_noise * 1.5 * seen.fwhm, np.float32)


def neighbours(
    rng: Generator, seen: Observations, mismatch: Mismatch, crowding: float, *, counts: bool
) -> Light:
    """Return two sources anywhere in the stamp, each there with the probability ``crowding``.

    Their fluxes are as sources are counted, or, so that bright ones are not rare, uniform in the
    logarithm.
    """
    n, total = len(seen), dark(len(seen))
    for _ in range(2):
        y, x = rng.uniform(-14, 14, (2, n))
        source = draw_sources(rng, y, x, galaxy=chance(rng, n, 0.5))
        flux = counted_flux(rng, seen) if counts else background_flux(rng, seen, 3.0, 1000.0)
        flux = flux * chance(rng, n, crowding)
        total = total.plus(subtracted(source, seen, mismatch).times(flux))
    return total
