"""The flux of the source at the centre of a picture, with its interval, in mCrab (2-20 keV).

From the events in rings about the centre, by the likelihood of `models.maxi_flare.likelihood`.
A picture does not say how deep its exposure was. Where nobody else does, every depth from 0.4 to
1.6 of a typical transit is taken as equally likely, which alone widens the interval to a factor
of two either way.

Limits: undisturbed exposures (no edge, shadow, Sun leak or second source) and the counts per mCrab
of `models.maxi_flare.sky`, which rest on the Crab's spectrum and a typical transit.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer
from numpy import ndarray

from models.maxi_flare.likelihood import log_likelihood
from models.maxi_flare.sky import COUNTS_PER_MCRAB

__all__ = ["BAND_KEV", "CONFIDENCE", "Flux", "estimate_flux"]

_DEPTHS = np.linspace(0.4, 1.6, 49)
_STEPS = (150, 4_001)
"""Of the grids of expected counts and of fluxes."""

BAND_KEV = (2.0, 20.0)
"""Energy band of the fluxes [keV]."""

CONFIDENCE = 0.9
"""Share of the intervals that hold the true flux."""

_QUANTILES = ((1 - CONFIDENCE) / 2, 0.5, (1 + CONFIDENCE) / 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flux:
    """A flux and the interval that holds the true one in 90 % of the cases [mCrab, 2-20 keV]."""

    median_mcrab: float

    low90_mcrab: float

    high90_mcrab: float


def estimate_flux(rings: Integer[ndarray, " rings"], depth: float | None = None) -> Flux:
    """Estimate the flux of the central source.

    Parameters
    ----------
    rings
        Events in rings about the centre, from `models.maxi_flare.likelihood.count_rings`.
    depth
        Exposure relative to a typical transit (100 cm2 s); unknown if left out.

    Notes
    -----
    Every flux is equally likely beforehand, up to the one that would make ten standard deviations
    more events than there are.
    """
    events = int(rings.sum())
    most = events + 10 * np.sqrt(events) + 30
    grid = np.linspace(0, most, _STEPS[0])
    log_like = log_likelihood(rings[None], grid)[0]
    depths = _DEPTHS if depth is None else np.array([depth])
    fluxes = np.linspace(0, most / (COUNTS_PER_MCRAB * depths.min()), _STEPS[1])
    density = np.zeros_like(fluxes)
    for one in depths:
        expected = COUNTS_PER_MCRAB * one * fluxes
        likelihood = np.exp(np.interp(expected, grid, log_like - log_like.max()))
        density += np.where(expected <= most, likelihood, 0.0)
    low, median, high = np.interp(_QUANTILES, _cumulative(density), fluxes)
    return Flux(median_mcrab=float(median), low90_mcrab=float(low), high90_mcrab=float(high))


def _cumulative(density: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    summed = np.cumsum(density)
    return np.asarray((summed - summed[0]) / (summed[-1] - summed[0]))
