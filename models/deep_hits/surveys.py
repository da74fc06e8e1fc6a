"""What differs from survey to survey: the camera, and how its candidates come about.

`MIXED` takes its conditions from ZTF, DECam and Rubin alike, because the network serves all of
them. `HITS` is the survey that Deep-HiTS was published for, as far as it is known, so that our
figures can be laid beside the published ones:

- One camera, DECam: 0.263''/pixel, about 4 e-/DN, 6 to 8 e- read noise. Seeing of 1.1 to 1.6''
  is 4 to 6 pixels. Exposures of 1.5 to 3 minutes leave 100 to 2,000 e- of sky in a pixel.
- The template is another exposure of the same camera, so it is about as noisy as the science image.
- The real candidates were made by adding point sources to the images, so they lie anywhere, most
  of them on empty sky, and all of them brightened (Cabrera-Vives et al. 2017; the stored test set
  has no real candidate of negative SNR).
- Every candidate comes with its SNR image.
- Neighbours are as frequent as at high galactic latitude: about 50 detected sources in a square
  arcminute, 0.75 in the 28x28 pixels that matter, ten to the 0.3 more of them per magnitude.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from models.deep_hits.sky import Observations, draw_observations, log_uniform

__all__ = ["HITS", "MIXED", "SURVEYS", "Survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A camera and its candidates."""

    name: str

    observe: Callable[[Generator, int], Observations]
    """Draw the conditions of so many candidates."""

    variable: float
    """Share of the real candidates that are stars that changed."""

    hosted: float
    """Share of the transients that lie on or beside a galaxy or a star."""

    fading: float
    """Share of the real candidates that became fainter."""

    turned: float
    """Share of the fading ones whose difference is sent with its sign turned, as ZTF does."""

    without_variance: float
    """Share of the candidates that come without an SNR difference."""

    crowding: float
    """Chance of each of two neighbours."""

    counts: bool
    """Neighbours follow number counts; otherwise bright ones are as frequent as faint ones."""


def _observe_hits(rng: Generator, n: int) -> Observations:
    seen = draw_observations(rng, n)
    fwhm = log_uniform(rng, 4.0, 6.0, n)
    gain, read_noise = rng.uniform(3.5, 4.5, n), rng.uniform(6, 8, n)
    sky = log_uniform(rng, 100.0, 2000.0, n)
    columns = {
        "fwhm": fwhm,
        "template_fwhm": fwhm * (seen.template_fwhm / seen.fwhm),
        "sky": sky / gain,
        "gain": gain,
        "sky_noise": np.sqrt(sky + read_noise**2) / gain,
        "template_depth": rng.uniform(0.7, 1.1, n),
    }
    return replace(seen, **{name: value.astype(np.float32) for name, value in columns.items()})


MIXED = Survey(
    name="mixed",
    observe=draw_observations,
    variable=0.35,
    hosted=0.7,
    fading=0.2,
    turned=0.5,
    without_variance=0.6,
    crowding=0.5,
    counts=False,
)

HITS = Survey(
    name="hits",
    observe=_observe_hits,
    variable=0.0,
    hosted=0.0,
    fading=0.0,
    turned=0.0,
    without_variance=0.0,
    crowding=0.375,
    counts=True,
)

SURVEYS = {survey.name: survey for survey in (MIXED, HITS)}
