"""The flux of the source at the centre of a picture, with its interval, in mCrab (2-20 keV).

From the events in rings about the centre, by the likelihood of `models.maxi_flare.likelihood`.
A picture does not say how deep its exposure was. Where nobody else does, every depth from 0.4 to
1.6 of a typical transit is taken as equally likely, which alone widens the interval to a factor
of two either way.

Limits: undisturbed exposures (no edge, shadow, Sun leak or second source), the counts per mCrab of
`models.maxi_flare.sky`, which rest on a typical transit, and fluxes up to 3 Crab.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer
from numpy import ndarray

from models.maxi_flare.likelihood import COUNTS, log_likelihood
from models.maxi_flare.sky import COUNTS_PER_MCRAB

__all__ = ["Flux", "estimate_flux"]

_DEPTHS = np.linspace(0.4, 1.6, 49)
_QUANTILES = (0.05, 0.5, 0.95)
_FLUXES_MCRAB = np.linspace(0, 3000, 12_001)


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
    Every flux is equally likely beforehand.
    """
    grid = np.concatenate([[0.0], COUNTS])
    log_like = log_likelihood(rings[None], grid)[0]
    depths = _DEPTHS if depth is None else np.array([depth])
    density = np.zeros_like(_FLUXES_MCRAB)
    for one in depths:
        expected = COUNTS_PER_MCRAB * one * _FLUXES_MCRAB
        density += np.exp(np.interp(expected, grid, log_like - log_like.max()))
    low, median, high = np.interp(_QUANTILES, _cumulative(density), _FLUXES_MCRAB)
    return Flux(median_mcrab=float(median), low90_mcrab=float(low), high90_mcrab=float(high))


def _cumulative(density: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    summed = np.cumsum(density)
    return np.asarray((summed - summed[0]) / (summed[-1] - summed[0]))
