"""What a detector makes of the light: sky, noise, and pixels that are lost."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.artefacts import missing_edge
from models.deep_hits.scene import Light
from models.deep_hits.sky import Observations, centred, chance, column, correlated, smooth
from models.deep_hits.stamps import SIDE

__all__ = ["lose_pixels", "observe", "peak_of"]


def observe(rng: Generator, seen: Observations, light: Light) -> tuple[Light, ndarray]:
    """Add sky and noise; return the images and the variance of the difference [DN^2].

    The template's noise enters the difference smoothed where it was convolved to match. The noise
    adds nothing to what the matched filter sees at the centre, because the SNR that a candidate
    was given is a measured one: noise is in it already.
    """
    n = len(seen)
    sky, gain, depth = (column(v) for v in (seen.sky_noise**2, seen.gain, seen.template_depth))
    science_variance = sky + np.maximum(light.science, 0) / gain
    template_variance = depth**2 * (sky + np.maximum(light.template, 0) / gain)
    science_noise = correlated(rng, seen.correlation) * np.sqrt(science_variance)
    template_noise = correlated(rng, np.zeros_like(seen.fwhm)) * np.sqrt(template_variance)
    entered = template_noise.copy()
    convolved = chance(rng, n, 0.6)
    entered[convolved] = smooth(template_noise[convolved])
    science_noise -= peak_of(science_noise - entered, centred(seen))
    level = column(seen.sky * rng.integers(0, 2, n))  # some surveys subtract the sky
    slope = np.linspace(-1, 1, SIDE, dtype=np.float32) * column(
        rng.normal(0, 0.1, n) * seen.sky_noise
    )
    images = Light(
        light.science + level + science_noise,
        light.template + level * column(rng.uniform(0.9, 1.1, n)) + template_noise,
        light.difference + science_noise - entered + slope,
    )
    return images, science_variance + template_variance


def peak_of(
    noise: Float32[ndarray, "n 21 21"], psf: Float32[ndarray, "n 21 21"]
) -> Float32[ndarray, "n 21 21"]:
    """Return the part of the noise that a filter matched to ``psf`` sees."""
    seen = (noise * psf).sum(axis=(1, 2)) / (psf * psf).sum(axis=(1, 2))
    return np.asarray(psf * column(seen))


def lose_pixels(
    rng: Generator, images: Light, at_edge: ndarray
) -> tuple[ndarray, ndarray, ndarray]:
    """Cut stamps at the edge of the detector; return template, science, difference.

    Both classes lose pixels, far from the detection. The artefacts of an edge lose them close to
    it, and keep a bright or dark ridge beside the cut.
    """
    science, template, difference = images
    rows = np.flatnonzero(at_edge | chance(rng, len(at_edge), 0.04))
    n, close = len(rows), at_edge[rows]
    lost = missing_edge(rng, np.where(close, 1, 4))
    ridge = smooth(lost.astype(np.float32)) * ~lost * column(close)
    height = difference[rows].std(axis=(1, 2)) * rng.uniform(1, 30, n) * rng.choice([-1, 1], n)
    difference[rows] += ridge * column(height) * rng.uniform(0.2, 1, lost.shape)
    nothing = column(np.where(chance(rng, n, 0.6), np.nan, 0))  # both stand for "no data"
    for image in (science, difference):
        image[rows] = np.where(lost, nothing, image[rows])
    gone = lost & (column(chance(rng, n, 0.3)) > 0)
    template[rows] = np.where(gone, np.float32(np.nan), template[rows])
    return template, science, difference
