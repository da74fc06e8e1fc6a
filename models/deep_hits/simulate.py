"""Simulated, labelled candidates like those of HiTS: what the network is trained on.

No public set of labelled stamps exists, so these are *simulated*, and every figure that rests on
them says so. The physics, in the order of the code: draw observing conditions (`sky`), put a scene
of stars and galaxies into science and template, match the template imperfectly and subtract, add
noise, then make the detection: a transient for the real ones, something that went wrong
(`artefacts`) for the others. Both come at the signal-to-noise ratios of HiTS.

What it leaves out: the true point-spread functions of the cameras, ringing of the matching kernel,
fringes, crosstalk, moving objects that trail, crowded fields with hundreds of sources, and how
often each artefact really occurs, which no publication states. The shares in `KINDS` are ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int8
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.artefacts import missing_edge
from models.deep_hits.scene import Light, event, neighbours, smooth
from models.deep_hits.sky import Observations, correlated, draw_observations
from models.deep_hits.stamps import SIDE, snr_difference

__all__ = ["BLOCKS", "KINDS", "VERSION", "Candidates", "blocks", "simulate"]

VERSION = "2026.11"
"""Changes whenever the same seed gives other stamps."""

BLOCKS = {"train": 0, "validation": 1, "test": 2}
"""Splits. A block of candidates is seeded by (seed, split, number), so splits never share one."""

KINDS = {
    "bad subtraction": 0.42,
    "cosmic ray": 0.17,
    "hot pixel": 0.11,
    "saturated star": 0.10,
    "noise peak": 0.06,
    "trail": 0.05,
    "ghost": 0.04,
    "edge": 0.05,
}
"""Share of each kind of artefact. Those of one that appears in the template are negative."""

_QUANTILES = (0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)
REAL_SNR = (5.36, 6.37, 7.01, 9.13, 12.33, 19.3, 45.9, 75.5, 208.0)
"""SNR of the real candidates at `_QUANTILES`: the 100,000 test candidates of arch7."""

BOGUS_SNR = (5.21, 5.89, 6.20, 6.89, 7.81, 11.3, 57.0, 1000.0, 10000.0)
"""The same of the artefacts' size, whose published tail (to 7.5e6) is cut at 10,000."""

NEGATIVE = 0.30
"""Share of artefacts with a negative peak, as published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Simulated candidates and the truth about them."""

    samples: Float32[ndarray, "n 4 21 21"]
    """Template, science, difference, SNR difference [DN, the last without unit]."""

    labels: Int8[ndarray, " n"]
    """1 for a real transient, 0 for an artefact."""

    snr: Float32[ndarray, " n"]
    """Signed SNR that the detection was given."""

    kinds: ndarray
    """``"transient"``, ``"variable star"`` or one of `KINDS`, as strings."""


def blocks(seed: int, split: str, size: int) -> Iterator[Candidates]:
    """Yield block after block of a split, for ever, each reproducible on its own."""
    number = 0
    while True:
        yield simulate(np.random.default_rng([seed, BLOCKS[split], number]), size)
        number += 1


def simulate(rng: Generator, n: int) -> Candidates:
    """Simulate ``n`` candidates, half of them real on average."""
    chunks = [_simulate(rng, min(256, n - i)) for i in range(0, n, 256)]  # 256 stay in the cache
    return Candidates(
        samples=np.concatenate([chunk.samples for chunk in chunks]),
        labels=np.concatenate([chunk.labels for chunk in chunks]),
        snr=np.concatenate([chunk.snr for chunk in chunks]),
        kinds=np.concatenate([chunk.kinds for chunk in chunks]),
    )


def _simulate(rng: Generator, n: int) -> Candidates:
    seen = draw_observations(rng, n)
    kinds = _draw_kinds(rng, n)
    labels = np.isin(kinds, ("transient", "variable star"))
    snr = _draw_snr(rng, labels)
    light, mismatch = event(rng, seen, kinds, snr)
    light = light + neighbours(rng, seen, mismatch)
    science, template, difference, variance = _observe(rng, seen, light)
    _lose_pixels(rng, kinds == "edge", science, template, difference)
    # ZTF turns the difference of a fading source so that its peak is positive; HiTS does not
    turned = (snr < 0) & (rng.random(n) < 0.5)
    difference[turned] *= -1
    ratio = difference / np.sqrt(variance)
    absent = rng.random(n) < 0.6
    ratio[absent] = snr_difference(difference[absent], science[absent], template[absent])
    template *= np.exp(rng.normal(0, 0.5, (n, 1, 1)))  # its zero point need not be the science's
    return Candidates(
        samples=np.stack([template, science, difference, ratio], axis=1).astype(np.float32),
        labels=labels.astype(np.int8),
        snr=snr.astype(np.float32),
        kinds=kinds,
    )


def _draw_kinds(rng: Generator, n: int) -> ndarray:
    bogus = rng.choice(list(KINDS), size=n, p=list(KINDS.values()))
    real = np.where(rng.random(n) < 0.35, "variable star", "transient")
    return np.where(rng.random(n) < 0.5, real, bogus)


def _draw_snr(rng: Generator, labels: ndarray) -> Float32[ndarray, " n"]:
    """Signed SNR from the published quantiles, interpolated in the logarithm."""
    u = rng.random(len(labels))
    size = np.exp(
        np.where(
            labels,
            np.interp(u, _QUANTILES, np.log(REAL_SNR)),
            np.interp(u, _QUANTILES, np.log(BOGUS_SNR)),
        )
    )
    negative = rng.random(len(labels)) < np.where(labels, 0.2, NEGATIVE)
    return np.where(negative, -size, size).astype(np.float32)


def _observe(rng: Generator, seen: Observations, light: Light) -> tuple[ndarray, ...]:
    """Add sky and noise: science, template, difference, and the variance of the difference [DN^2].

    The template's noise enters the difference smoothed where it was convolved to match.
    """
    n = len(seen.fwhm)
    column = lambda v: np.asarray(v, np.float32)[:, None, None]  # noqa: E731 - (n,) against (n, y, x)
    sky, gain, depth = column(seen.sky_noise**2), column(seen.gain), column(seen.template_depth)
    science_variance = sky + np.maximum(light.science, 0) / gain
    template_variance = depth**2 * (sky + np.maximum(light.template, 0) / gain)
    science_noise = correlated(rng, seen.correlation) * np.sqrt(science_variance)
    template_noise = correlated(rng, seen.correlation * 0) * np.sqrt(template_variance)
    entered = template_noise.copy()
    convolved = rng.random(n) < 0.6
    entered[convolved] = smooth(template_noise[convolved])
    level = column(seen.sky * rng.choice([0.0, 1.0], n))  # some surveys subtract the sky
    slope = np.linspace(-1, 1, SIDE, dtype=np.float32) * column(
        rng.normal(0, 0.1, n) * seen.sky_noise
    )
    science = light.science + level + science_noise
    template = light.template + level * column(rng.uniform(0.9, 1.1, n)) + template_noise
    difference = light.difference + science_noise - entered + slope
    return science, template, difference, science_variance + template_variance


def _lose_pixels(rng: Generator, edge: ndarray, *images: ndarray) -> None:
    """Cut stamps at the edge of the detector, in place.

    Both classes lose pixels, far from the detection; the artefacts of an edge lose them close to
    it, and keep a bright or dark ridge beside the cut.
    """
    science, template, difference = images
    n = len(edge)
    some = np.flatnonzero(edge | (rng.random(n) < 0.04))
    nearest = np.where(edge[some], 1, 4)
    mask = np.zeros((len(some), SIDE, SIDE), bool)
    for distance in (1, 4):
        mask[nearest == distance] = missing_edge(rng, int((nearest == distance).sum()), distance)
    ridge = smooth(mask.astype(np.float32)) * ~mask * edge[some][:, None, None]
    spread = difference[some].std(axis=(1, 2), keepdims=True)
    roughness = rng.uniform(1, 30, (len(some), 1, 1)) * rng.choice([-1, 1], (len(some), 1, 1))
    difference[some] += ridge * spread * roughness * rng.uniform(0.2, 1, mask.shape)
    # what stands for "no data": NaN, zero, or a level that the resampling spread over the gap
    fill = np.where(rng.random(len(some)) < 0.6, np.nan, 0.0)[:, None, None]
    for image in (science, difference):
        image[some] = np.where(mask, fill, image[some])
    deep = some[rng.random(len(some)) < 0.3]
    template[deep] = np.where(mask[np.isin(some, deep)], np.nan, template[deep])
