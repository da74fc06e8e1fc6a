"""Simulated, labelled one-orbit images like those of MAXI/GSC: what the network is trained on.

No public set of labelled images exists, so these are *simulated*, and every figure that rests on
them says so. In the order of the code: draw a transit and what disturbs it (`sky`), a source at
the centre for every second image, a source elsewhere for some; count photons; draw the picture
(`render`).

The flux law is ours: uniform in the logarithm from 35 mCrab, the usual level of X Per, which the
original network called a flare, to 1 Crab. The accuracy depends on it. Below 60 mCrab, where GSC
has five standard deviations in one orbit, Poisson noise alone hides some sources from any
classifier: at fluxes of 17 to 70 mCrab the best score of ring counts is right in 92 % of the
undisturbed images, for this law in 98.8 % (the model card has the intervals). The curve of
efficiency against flux is what survives another law.

What it leaves out: spectra and energy bands, the true response map of each camera, slats that are
not quite parallel, crowded fields along the Galactic plane and diffuse emission from it, steady
sources at the target too faint to see, pulsations and bursts shorter than a transit, the noise of
JPEG at quality 100 (one grey level). How often each disturbance occurs is published nowhere: the
shares in `KINDS` are ours. Both classes have them, else the disturbance itself would be the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float32, Int8, Int32, UInt8, UInt16
from numpy import ndarray
from numpy.random import Generator

from models.maxi_flare.render import FIELD, Events, count_photons, draw_pictures
from models.maxi_flare.sky import (
    CENTRING_DEG,
    DEG_PER_PIXEL,
    background,
    burst,
    draw_exposures,
    log_uniform,
    point_source,
    sun_leak,
)

__all__ = ["KINDS", "RINGS", "SPLITS", "VERSION", "Images", "Law", "blocks", "simulate"]

VERSION = "2026.11.1"
"""Changes whenever the same seed gives other pictures."""

SPLITS = {"train": 0, "validation": 1, "test": 2, "folds": 3, "efficiency": 4}
"""A block of images is seeded by (seed, split, number), so splits never share one."""

KINDS = {
    "plain": 0.72,
    "partial exposure": 0.07,
    "panel shadow": 0.05,
    "Sun leak": 0.06,
    "particle burst": 0.05,
    "neighbour": 0.05,
}
"""Share of each kind of transit, flare or not. A twentieth of the sky's fields of 8 deg holds a
source of tens of mCrab: there are some forty such sources in 41,000 square degrees."""

RINGS = np.arange(0, FIELD / 2 + 1, 2.0)
"""Bounds of the rings about the centre in which events are counted [pixel]."""

_CACHED = 64
"""Images simulated at once: their pixels stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How flares are drawn."""

    flares: float = 0.5
    """Share of the images with a source at the centre."""

    flux_mcrab: tuple[float, float] = (35.0, 1000.0)
    """Range of their fluxes in 2-20 keV, uniform in the logarithm [mCrab]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Simulated images and the truth about them."""

    pictures: UInt8[ndarray, "n 106 106"]
    """Grey levels, each picture scaled to its own maximum."""

    photons: UInt16[ndarray, "n 106 106"]
    """Events in each pixel, of which the pictures were drawn."""

    labels: Int8[ndarray, " n"]
    """1 for a flare at the centre, 0 for none."""

    flux_mcrab: Float32[ndarray, " n"]
    """Of the central source in 2-20 keV, 0 without one [mCrab]."""

    counts: Int32[ndarray, " n"]
    """Photons of the central source that are in the picture."""

    events: Int32[ndarray, " n"]
    """All events in the picture."""

    y: Float32[ndarray, " n"]
    """Row of the central source relative to the centre of the field [pixel]."""

    x: Float32[ndarray, " n"]
    """Column of the same [pixel]."""

    depth: Float32[ndarray, " n"]
    """Exposure relative to a typical transit."""

    rings: Int32[ndarray, "n rings"]
    """Events in each ring about the centre, bounded by `RINGS`."""

    kinds: ndarray
    """One of `KINDS`."""

    def __len__(self) -> int:
        return len(self.labels)


def blocks(seed: int, split: str, size: int, law: Law | None = None) -> Iterator[Images]:
    """Yield block after block of a split, for ever, each reproducible on its own."""
    number = 0
    while True:
        yield simulate(np.random.default_rng([seed, SPLITS[split], number]), size, law)
        number += 1


def simulate(rng: Generator, n: int, law: Law | None = None) -> Images:
    """Simulate images; half of them have a flare on average, unless the law says otherwise."""
    parts = [_simulate(rng, min(_CACHED, n - i), law or Law()) for i in range(0, n, _CACHED)]
    names = [field.name for field in fields(Images)]
    return Images(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


def _simulate(rng: Generator, n: int, law: Law) -> Images:
    kinds = rng.choice(list(KINDS), size=n, p=list(KINDS.values()))
    exposure = draw_exposures(rng, kinds)
    flare = rng.random(n) < law.flares
    flux = np.where(flare, log_uniform(rng, *law.flux_mcrab, n), 0)
    y, x = _anywhere(rng, 0.0, CENTRING_DEG, n)
    source = point_source(rng, exposure, flux, (y, x))
    source = exposure.dim(rng, source).inside()
    steady = np.where(kinds == "neighbour", log_uniform(rng, 20.0, 1000.0, n), 0)
    others = (
        background(rng, exposure),
        point_source(rng, exposure, steady, _anywhere(rng, 2.5, 5.5, n)),
        sun_leak(rng, exposure, kinds == "Sun leak"),
        burst(rng, exposure, kinds == "particle burst"),
    )
    rest = (exposure.dim(rng, events).inside() for events in others)
    everything = Events(*map(np.concatenate, zip(source, *rest, strict=True)))
    ring = np.digitize(np.hypot(everything.y, everything.x), RINGS) - 1
    return Images(
        pictures=draw_pictures(everything, n),
        photons=count_photons(everything, n),
        labels=flare.astype(np.int8),
        flux_mcrab=flux.astype(np.float32),
        counts=_count(source.image, n),
        events=_count(everything.image, n),
        y=y.astype(np.float32),
        x=x.astype(np.float32),
        depth=exposure.depth.astype(np.float32),
        rings=_count(everything.image * len(RINGS) + ring, n * len(RINGS)).reshape(n, -1)[:, :-1],
        kinds=kinds,
    )


def _anywhere(rng: Generator, near: float, far: float, n: int) -> tuple[ndarray, ndarray]:
    """Draw positions that are uniform in the area between two radii [deg]; return pixels."""
    radius = np.sqrt(rng.uniform(near**2, far**2, n)) / DEG_PER_PIXEL
    angle = rng.uniform(0, 2 * np.pi, n)
    return radius * np.sin(angle), radius * np.cos(angle)


def _count(image: ndarray, n: int) -> Int32[ndarray, " n"]:
    return np.bincount(image, minlength=n).astype(np.int32)
