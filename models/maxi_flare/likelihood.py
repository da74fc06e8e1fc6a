"""How many photons came from the centre of a picture: the likelihood of its events.

The events of a picture are a Poisson process of known shape: a flat background of unknown density
and a source of unknown counts, spread by the instrument. So the numbers of events in rings about
the centre hold nearly all there is to know of the source, but for what disturbs the exposure. From
them come a score of undisturbed pictures (`log_odds`), with which the network is compared, and the
counts of the source with their interval (`models.maxi_flare.flux`).
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Integer
from numpy import ndarray

from models.maxi_flare.render import FIELD
from models.maxi_flare.simulate import RINGS, Law
from models.maxi_flare.sky import (
    BACKGROUND,
    CENTRING_DEG,
    COUNTS_PER_MCRAB,
    DEG_PER_PIXEL,
    FWHM_PIXEL,
)

__all__ = ["count_rings", "log_likelihood", "log_odds", "source_shares"]

_DENSITIES = np.geomspace(0.1, 6, 40)
"""Grid of background densities, relative to a typical transit's."""


def count_rings(
    y: Integer[ndarray, " events"], x: Integer[ndarray, " events"]
) -> Integer[ndarray, " rings"]:
    """Count events, given by row and column of a 106x106 picture, in the rings about its centre."""
    centre = (FIELD - 1) / 2
    counted: Integer[ndarray, " rings"] = np.histogram(np.hypot(y - centre, x - centre), RINGS)[0]
    return counted


@lru_cache(maxsize=1)
def source_shares() -> Float64[ndarray, " rings"]:
    """Return the share of a source's photons in each ring, averaged over scan and centring."""
    rng, n = np.random.default_rng(0), 400_000
    along = FWHM_PIXEL * (rng.random(n) - rng.random(n))
    across = rng.normal(0, FWHM_PIXEL / np.sqrt(8 * np.log(2)), n)
    off = np.sqrt(rng.random(n)) * CENTRING_DEG / DEG_PER_PIXEL
    angle = rng.uniform(0, 2 * np.pi, n)
    distance = np.hypot(along + off * np.cos(angle), across + off * np.sin(angle))
    shares: Float64[ndarray, " rings"] = np.histogram(distance, RINGS)[0] / n
    return shares


def log_likelihood(
    rings: Integer[ndarray, "n rings"], counts: Float64[ndarray, " grid"]
) -> Float64[ndarray, "n grid"]:
    """Return the logarithm of the probability of events in rings, but for a constant of each row.

    Parameters
    ----------
    rings
        Events in the rings bounded by `RINGS`.
    counts
        Expected counts of the source, all over the field.

    Notes
    -----
    The background is averaged over its density, whose logarithm is normal: by 0.5 for its rate and
    0.4 for the depth of the exposure, the two being taken as independent.
    """
    weight = np.log(_DENSITIES) ** 2 / (2 * (0.5**2 + 0.4**2))
    areas = np.pi * np.diff(RINGS**2) / FIELD**2
    flat = BACKGROUND * areas * _DENSITIES[:, None]
    terms = []
    for expected in counts[:, None, None] * source_shares() + flat:  # one (density, ring) a time
        log_poisson = rings @ np.log(expected).T - expected.sum(axis=1)
        terms.append(_log_mean(log_poisson - weight))
    return np.stack(terms, axis=1)


def log_odds(rings: Integer[ndarray, "n rings"], law: Law | None = None) -> Float64[ndarray, " n"]:
    """Return the logarithm of the odds of a flare, half of the images having one.

    The best score of undisturbed pictures that counts events in rings, if fluxes follow the law and
    but for what `log_likelihood` approximates. Where in its ring an event is, it does not know.
    """
    low, high = (law or Law()).flux_mcrab
    rng = np.random.default_rng(0)
    drawn = np.exp(rng.uniform(np.log(low), np.log(high), 100_000)) * rng.uniform(0.4, 1.6, 100_000)
    counts = np.quantile(COUNTS_PER_MCRAB * drawn, (np.arange(60) + 0.5) / 60)
    flare = _log_mean(log_likelihood(rings, counts))
    odds: Float64[ndarray, " n"] = flare - log_likelihood(rings, np.zeros(1))[:, 0]
    return odds


def _log_mean(values: Float64[ndarray, "n m"]) -> Float64[ndarray, " n"]:
    """Return the logarithm of the mean of exponentials over the last axis."""
    top = values.max(axis=1, keepdims=True)
    mean: Float64[ndarray, " n"] = np.log(np.exp(values - top).mean(axis=1)) + top[:, 0]
    return mean
