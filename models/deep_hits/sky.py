"""The sky as a simulated camera sees it: observing conditions, point-spread functions, noise.

Everything is vectorised over ``n`` candidates, each with its own observing conditions. Pixels are
in DN of the science image; one 21x21 stamp per candidate, ``(n, y, x)``, the candidate near pixel
(10, 10).

Notes
-----
A point source is a Moffat profile sampled at pixel centres; its width is the one measured on the
pixels, so their response is included. A galaxy is a wider, flatter elliptical Moffat profile.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.stamps import SIDE
from models.network import FloatArray

__all__ = [
    "PIXELS",
    "Observations",
    "centred",
    "chance",
    "column",
    "correlated",
    "draw_observations",
    "log_uniform",
    "moffat",
    "smooth",
]

PIXELS = np.arange(SIDE, dtype=np.float32) - SIDE // 2
"""Distance of each row or column from the central pixel [pixel]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """Conditions of each candidate's pair of images; every attribute has shape ``(n,)``."""

    fwhm: FloatArray
    """Full width at half maximum of the science image's point sources [pixel]."""

    template_fwhm: FloatArray
    """The same of the template as it is shown, before matching [pixel]."""

    beta: FloatArray
    """Moffat exponent: 2.5 has broad wings, 5 is nearly Gaussian."""

    e1: FloatArray
    """Ellipticity of the point sources along the axes."""

    e2: FloatArray
    """Ellipticity of the point sources along the diagonals."""

    sky: FloatArray
    """Sky level of the science image [DN]."""

    gain: FloatArray
    """Electrons per DN [e-/DN]."""

    sky_noise: FloatArray
    """Standard deviation of the science image's sky, read noise included [DN]."""

    template_depth: FloatArray
    """Sky noise of the template over that of the science image."""

    correlation: FloatArray
    """Weight of each neighbour pixel in the resampling kernel of the science image."""

    def __len__(self) -> int:
        return len(self.fwhm)

    def rows(self, rows: ndarray) -> "Observations":
        """Return the conditions of some of the candidates."""
        return Observations(**{name: getattr(self, name)[rows] for name in self.__slots__})


def draw_observations(rng: Generator, n: int) -> Observations:
    """Draw conditions that cover ZTF (1.01''/pixel), DECam (0.26'') and Rubin (0.2'').

    Notes
    -----
    ZTF's seeing of 2'' is 2 pixels, HiTS's of 1.1 to 1.6'' is 4 to 6 pixels, Rubin's of 0.7 to
    1.2'' is 3.5 to 6. Gains are 1 to 8 e-/DN, read noise 4 to 12 e-, skies 30 e- (a short
    exposure at a dark site) to 5,000 e-. Half of the templates are deep coadds; the others are
    single images or shallow coadds. Four of five templates are sharper than the science image.
    """
    fwhm = log_uniform(rng, 1.6, 6.0, n)
    sharper = np.where(chance(rng, n, 0.8), rng.uniform(0.65, 1.0, n), rng.uniform(1.0, 1.25, n))
    gain, read_noise = rng.uniform(1, 8, n), rng.uniform(4, 12, n)
    sky = log_uniform(rng, 30.0, 5000.0, n)
    depth = np.where(chance(rng, n, 0.5), rng.uniform(0.08, 0.4, n), rng.uniform(0.4, 1.0, n))
    ellipticity, angle = np.abs(rng.normal(0, 0.05, n)), rng.uniform(0, 2 * np.pi, n)
    columns = {
        "fwhm": fwhm,
        "template_fwhm": np.maximum(fwhm * sharper, 1.4),
        "beta": rng.uniform(2.5, 5.0, n),
        "e1": ellipticity * np.cos(angle),
        "e2": ellipticity * np.sin(angle),
        "sky": sky / gain,
        "gain": gain,
        "sky_noise": np.sqrt(sky + read_noise**2) / gain,
        "template_depth": depth,
        "correlation": np.where(chance(rng, n, 0.5), 0, rng.uniform(0, 0.15, n)),
    }
    return Observations(**{name: value.astype(np.float32) for name, value in columns.items()})


def moffat(
    position: tuple[ndarray, ndarray],
    fwhm: ndarray,
    beta: ndarray,
    ellipticity: tuple[ndarray, ndarray],
) -> Float32[ndarray, "n 21 21"]:
    """Return elliptical Moffat profiles of unit flux, sampled at pixel centres.

    Parameters
    ----------
    position
        ``(y, x)`` relative to the central pixel [pixel], each ``(n,)``.
    fwhm
        Of the circle of the same area [pixel].
    ellipticity
        Along the axes and along the diagonals, each ``(n,)``.

    References
    ----------
    Moffat 1969, A&A 3, 455.
    """
    (y, x), (e1, e2) = position, ellipticity
    alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    scale = 1 / (alpha2 * np.sqrt(1 - e1**2 - e2**2))
    dy, dx = PIXELS[:, None] - column(y), PIXELS[None, :] - column(x)
    profile = column((1 - e1) * scale) * dx * dx
    profile = profile + column((1 + e1) * scale) * dy * dy
    profile -= column(2 * e2 * scale) * (dx * dy)
    np.log1p(profile, out=profile)
    profile *= column(-beta)
    np.exp(profile, out=profile)
    return np.asarray(profile * column((beta - 1) / (np.pi * alpha2)))


def centred(seen: Observations) -> Float32[ndarray, "n 21 21"]:
    """Return the point source of unit flux at the centre: what a matched filter looks for."""
    zero = np.zeros_like(seen.fwhm)
    return moffat((zero, zero), seen.fwhm, seen.beta, (seen.e1, seen.e2))


def correlated(rng: Generator, weight: Float32[ndarray, " n"]) -> Float32[ndarray, "n 21 21"]:
    """Return unit-variance noise; ``weight`` goes to each neighbour pixel, as in resampling."""
    noise = rng.standard_normal((len(weight), SIDE + 2, SIDE + 2), dtype=np.float32)
    w = column(weight)
    noise = noise[:, 1:-1] * (1 - 2 * w) + (noise[:, :-2] + noise[:, 2:]) * w
    noise = noise[:, :, 1:-1] * (1 - 2 * w) + (noise[:, :, :-2] + noise[:, :, 2:]) * w
    return np.asarray(noise / ((1 - 2 * w) ** 2 + 2 * w**2))


def smooth(image: Float32[ndarray, "n 21 21"]) -> Float32[ndarray, "n 21 21"]:
    """Blur by the 3x3 binomial kernel, repeating the border."""
    p = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    p = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 4
    return np.asarray((p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]) / 4)


def column(values: ndarray) -> Float32[ndarray, "n 1 1"]:
    """Shape one number per candidate so that it multiplies that candidate's stamp."""
    return np.asarray(values, np.float32)[:, None, None]


def chance(rng: Generator, n: int, probability: float) -> Bool[ndarray, " n"]:
    """Return what is true for each candidate with the given probability."""
    return rng.random(n) < probability


def log_uniform(rng: Generator, low: float, high: float, n: int) -> FloatArray:
    """Draw numbers whose logarithms are uniform: ``(n,)``."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n)).astype(np.float32)
