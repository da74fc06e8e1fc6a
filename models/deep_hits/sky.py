"""The sky as a simulated camera sees it: point-spread functions, sources, noise.

Everything is vectorised over ``n`` candidates, each with its own observing conditions. Pixels are
in DN of the science image; one 21x21 stamp per candidate, ``(n, y, x)``, the candidate near pixel
(10, 10).

Notes
-----
A point source is a Moffat profile sampled at pixel centres; its width is the one measured on the
pixels, so their response is included. A galaxy is a wider, flatter elliptical Moffat profile.
"""

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.stamps import SIDE

__all__ = [
    "Mismatch",
    "Observations",
    "Sources",
    "correlated",
    "draw_observations",
    "moffat",
    "select",
]

_PIXELS = np.arange(SIDE, dtype=np.float32) - SIDE // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Conditions of each candidate's pair of images; every attribute has shape ``(n,)``."""

    fwhm: Float32[ndarray, " n"]
    """Full width at half maximum of the science image's point sources [pixel]."""

    template_fwhm: Float32[ndarray, " n"]
    """The same of the template as it is shown, before matching [pixel]."""

    beta: Float32[ndarray, " n"]
    """Moffat exponent: 2.5 has broad wings, 5 is nearly Gaussian."""

    e1: Float32[ndarray, " n"]
    e2: Float32[ndarray, " n"]
    """Ellipticity of the point sources along the axes and the diagonals."""

    sky: Float32[ndarray, " n"]
    """Sky level of the science image [DN]."""

    gain: Float32[ndarray, " n"]
    """Electrons per DN."""

    sky_noise: Float32[ndarray, " n"]
    """Standard deviation of the science image's sky, read noise included [DN]."""

    template_depth: Float32[ndarray, " n"]
    """Sky noise of the template over that of the science image."""

    correlation: Float32[ndarray, " n"]
    """Weight of each neighbour pixel in the resampling kernel of the science image."""


def draw_observations(rng: Generator, n: int) -> Observations:
    """Draw conditions that cover ZTF (1.01''/pixel), DECam (0.26'') and Rubin (0.2'').

    Sources of the ranges: ZTF seeing 2'' at 1.01''/pixel is 2 pixels and its difference images are
    whitened; HiTS seeing of 1.1 to 1.6'' at 0.26'' is 4 to 6 pixels. Gains from 1 to 8 e-/DN, read
    noise 4 to 12 e-, skies from 30 e- (short exposures at a dark site) to 5,000 e-.
    """
    uniform = lambda a, b: rng.uniform(a, b, n).astype(np.float32)  # noqa: E731 - eight draws below read better
    fwhm = np.exp(uniform(np.log(1.5), np.log(6.0)))
    sharper = np.where(rng.random(n) < 0.8, uniform(0.65, 1.0), uniform(1.0, 1.25))
    gain, read_noise = uniform(1, 8), uniform(4, 12)
    sky_e = np.exp(uniform(np.log(30), np.log(5000)))
    # half of the templates are coadds of many exposures, half are single images or shallow coadds
    depth = np.where(rng.random(n) < 0.5, uniform(0.08, 0.4), uniform(0.4, 1.0))
    size, angle = np.abs(rng.normal(0, 0.05, n)), rng.uniform(0, 2 * np.pi, n)
    return Observations(
        fwhm=fwhm,
        template_fwhm=np.maximum(fwhm * sharper, 1.3).astype(np.float32),
        beta=uniform(2.5, 5.0),
        e1=(size * np.cos(angle)).astype(np.float32),
        e2=(size * np.sin(angle)).astype(np.float32),
        sky=(sky_e / gain).astype(np.float32),
        gain=gain,
        sky_noise=(np.sqrt(sky_e + read_noise**2) / gain).astype(np.float32),
        template_depth=depth.astype(np.float32),
        correlation=np.where(rng.random(n) < 0.5, 0, uniform(0, 0.15)).astype(np.float32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """How badly the template matches the science image; every attribute has shape ``(n,)``."""

    dy: Float32[ndarray, " n"]
    dx: Float32[ndarray, " n"]
    """Misregistration [pixel]."""

    width: Float32[ndarray, " n"]
    """Relative error of the matched template's width."""

    flux: Float32[ndarray, " n"]
    """Relative error of the matched template's flux scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """One source per candidate; every attribute has shape ``(n,)``. Rendered at unit flux."""

    y: Float32[ndarray, " n"]
    x: Float32[ndarray, " n"]
    """Position relative to the central pixel [pixel]."""

    extent: Float32[ndarray, " n"]
    """Intrinsic width, added in quadrature to that of the image: 0 for a star [pixel]."""

    e1: Float32[ndarray, " n"]
    e2: Float32[ndarray, " n"]
    """Ellipticity of the source, added to that of the image."""

    def science(self, seen: Observations) -> Float32[ndarray, "n 21 21"]:
        """The source in the science image."""
        return self._render(seen, seen.fwhm)

    def template(self, seen: Observations) -> Float32[ndarray, "n 21 21"]:
        """The source in the template as it is shown."""
        return self._render(seen, seen.template_fwhm)

    def matched(self, seen: Observations, mismatch: Mismatch) -> Float32[ndarray, "n 21 21"]:
        """The source in the template after matching it, imperfectly, to the science image."""
        image = self._render(seen, seen.fwhm * (1 + mismatch.width), mismatch.dy, mismatch.dx)
        return image * (1 + mismatch.flux)[:, None, None]

    def _render(
        self, seen: Observations, fwhm: ndarray, dy: ndarray | float = 0, dx: ndarray | float = 0
    ) -> ndarray:
        width = np.hypot(fwhm, self.extent)
        flatter = seen.beta - np.where(self.extent > 0, 0.5, 0)
        return moffat(
            self.y + dy, self.x + dx, width, flatter, seen.e1 + self.e1, seen.e2 + self.e2
        )


def moffat(
    y: ndarray, x: ndarray, fwhm: ndarray, beta: ndarray, e1: ndarray, e2: ndarray
) -> ndarray:
    """Elliptical Moffat profiles of unit flux, sampled at pixel centres: ``(n, 21, 21)``.

    References
    ----------
    Moffat 1969, A&A 3, 455.
    """
    alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    determinant = 1 - e1**2 - e2**2
    scale = 1 / (alpha2 * np.sqrt(determinant))
    column = lambda v: np.asarray(v, np.float32)[:, None, None]  # noqa: E731 - (n,) against (n, y, x)
    dy, dx = _PIXELS[:, None] - column(y), _PIXELS[None, :] - column(x)
    radius2 = column((1 - e1) * scale) * dx * dx
    radius2 = radius2 + column((1 + e1) * scale) * dy * dy
    radius2 -= column(2 * e2 * scale) * (dx * dy)
    np.log1p(radius2, out=radius2)
    radius2 *= column(-beta)
    np.exp(radius2, out=radius2)
    radius2 *= column((beta - 1) / (np.pi * alpha2))
    return radius2


def correlated(rng: Generator, weight: Float32[ndarray, " n"]) -> Float32[ndarray, "n 21 21"]:
    """Unit-variance noise whose neighbour pixels are mixed with the given weight, as resampling does."""
    n = len(weight)
    noise = rng.standard_normal((n, SIDE + 2, SIDE + 2), dtype=np.float32)
    w = weight[:, None, None]
    noise = noise[:, 1:-1] * (1 - 2 * w) + (noise[:, :-2] + noise[:, 2:]) * w
    noise = noise[:, :, 1:-1] * (1 - 2 * w) + (noise[:, :, :-2] + noise[:, :, 2:]) * w
    return noise / ((1 - 2 * w) ** 2 + 2 * w**2)


C = TypeVar("C")


def select(columns: C, rows: ndarray) -> C:
    """Return the given rows of a dataclass of columns."""
    return type(columns)(**{f.name: getattr(columns, f.name)[rows] for f in fields(columns)})  # type: ignore[arg-type] - C is one of the dataclasses above
