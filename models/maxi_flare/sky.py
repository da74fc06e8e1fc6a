"""What MAXI/GSC sees in one orbit: sources, background, and what spoils an exposure.

Everything is vectorised over ``n`` images, each with its own exposure, background, scan direction
and at most one disturbance. Positions are in pixels from the centre of the field; the scan crosses
it at a random angle, because pictures are aligned with the sky and the scan is not.

Constants and their sources
---------------------------
- Point-spread function: 1.5 deg x 1.5 deg FWHM, triangular along the scan (arXiv:1103.4224).
- Scale: 0.078 deg per pixel makes the spread of X Per in the one public picture, 8.2 pixels, that
  of the instrument. The scale itself is stated nowhere; 0.1 deg is the other natural reading.
- Counts: the Crab has 3.5 photons/s/cm2 in 2-20 keV, a transit collects about 100 cm2 s.
- Background: 0.0050 events per pixel in the public picture, 56 in all.
- Scan: 360 deg in an orbit of 92 min, so 0.065 deg/s.
"""

from dataclasses import dataclass

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from models.maxi_flare.render import FIELD, Events

__all__ = [
    "BACKGROUND",
    "CENTRING_DEG",
    "COUNTS_PER_MCRAB",
    "DEG_PER_PIXEL",
    "FWHM_PIXEL",
    "TYPICAL_EXPOSURE_CM2_S",
    "Exposure",
    "background",
    "burst",
    "draw_exposures",
    "log_uniform",
    "point_source",
    "sun_leak",
]

DEG_PER_PIXEL = 0.078

TYPICAL_EXPOSURE_CM2_S = 100.0
"""Collecting area times time of a typical transit [cm2 s]."""

COUNTS_PER_MCRAB = 3.5e-3 * TYPICAL_EXPOSURE_CM2_S
"""Expected counts of a source of 1 mCrab (2-20 keV) in a typical transit."""

BACKGROUND = 56.0
"""Expected background events in the field in a typical transit."""

CENTRING_DEG = 0.3
"""Largest distance of a source from the centre of its picture [deg]."""

FWHM_PIXEL = 1.5 / DEG_PER_PIXEL
"""Width of a point source, along the scan and across it [pixel]."""

_HALF = FIELD / 2
_FAR = np.float64(1e9)  # beyond any picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One transit of each image; every attribute has shape ``(n,)``."""

    depth: ndarray
    """Collecting area times time, relative to a typical transit: cameras and duration."""

    rate: ndarray
    """Background rate relative to a typical one: geomagnetic cut-off, solar activity."""

    scan: ndarray
    """Direction in which the collimator moves over the field [rad]."""

    slope: ndarray
    """Gradient of the background: its relative change from the centre to a corner."""

    slope_angle: ndarray
    """Direction in which the background grows [rad]."""

    edge: ndarray
    """Distance from the centre at which the exposure ends, along `edge_angle` [pixel]."""

    edge_angle: ndarray

    edge_left: ndarray
    """Share of the exposure that is left beyond the edge."""

    shadow: ndarray
    """Distance of a solar panel's shadow from the centre, along `edge_angle` [pixel]."""

    shadow_width: ndarray
    """Full width of the shadow [pixel]."""

    shadow_left: ndarray
    """Share of the light that is left in the shadow."""

    def __len__(self) -> int:
        return len(self.depth)

    def dim(self, rng: Generator, events: Events) -> Events:
        """Take away the events that edge and shadow hid."""
        angle = self.edge_angle[events.image]
        along = events.y * np.sin(angle) + events.x * np.cos(angle)
        edge, left = self.edge[events.image], self.edge_left[events.image]
        seen = left + (1 - left) * _ramp(edge - along)
        middle, width = self.shadow[events.image], self.shadow_width[events.image]
        dark = _ramp(width / 2 - np.abs(along - middle))
        seen *= 1 - dark * (1 - self.shadow_left[events.image])
        return events.keep(rng.random(len(seen)) < seen)


def _ramp(distance: ndarray) -> ndarray:
    """Rise from 0 to 1 over the width of the collimator's response."""
    return np.clip(distance / FWHM_PIXEL + 0.5, 0, 1)


def draw_exposures(rng: Generator, kinds: ndarray) -> Exposure:
    """Draw transits; ``kinds`` says which have an edge or a shadow.

    Depths of 0.4 to 1.6 stand for one to two cameras and for transits of 40 to 150 s; the rates'
    scatter of 0.5 in the logarithm is that of the cut-off rigidity along the orbit. Edges and
    shadows keep 1.5 deg or more from the target: a target without exposure is not observed.
    """
    n = len(kinds)
    at_edge, shaded = kinds == "partial exposure", kinds == "panel shadow"
    width = rng.uniform(1, 4, n) / DEG_PER_PIXEL
    away = rng.uniform(1.5, 4, n) / DEG_PER_PIXEL
    return Exposure(
        depth=rng.uniform(0.4, 1.6, n),
        rate=np.exp(0.5 * np.clip(rng.normal(0, 1, n), -2.5, 2.5)),
        scan=rng.uniform(0, 2 * np.pi, n),
        slope=np.minimum(np.abs(rng.normal(0, 0.3, n)), 0.9),
        slope_angle=rng.uniform(0, 2 * np.pi, n),
        edge=np.where(at_edge, away, _FAR),
        edge_angle=rng.uniform(0, 2 * np.pi, n),
        edge_left=np.maximum(rng.uniform(-0.5, 0.5, n), 0),  # nothing at all for half of them
        shadow=np.where(shaded, away + width / 2, _FAR),
        shadow_width=width,
        shadow_left=rng.uniform(0, 0.3, n),
    )


def background(rng: Generator, exposure: Exposure) -> Events:
    """Draw particles and cosmic X-ray background: flat but for a gradient."""
    mean = BACKGROUND * exposure.depth * exposure.rate * (1 + exposure.slope)
    image = _repeat(rng, mean)
    y, x = rng.uniform(-_HALF, _HALF, (2, len(image)))
    angle, slope = exposure.slope_angle[image], exposure.slope[image]
    along = (y * np.sin(angle) + x * np.cos(angle)) / (_HALF * np.sqrt(2))
    kept = rng.random(len(image)) * (1 + slope) < 1 + slope * along
    return Events(image, y, x).keep(kept)


def point_source(
    rng: Generator, exposure: Exposure, flux_mcrab: ndarray, position: tuple[ndarray, ndarray]
) -> Events:
    """Draw the photons of one source per image.

    Parameters
    ----------
    flux_mcrab
        In 2-20 keV; 0 for none. Shape ``(n,)``.
    position
        ``(y, x)`` from the centre of the field [pixel], each ``(n,)``.
    """
    image = _repeat(rng, COUNTS_PER_MCRAB * flux_mcrab * exposure.depth)
    along = FWHM_PIXEL * (
        rng.random(len(image)) - rng.random(len(image))
    )  # a triangle of that FWHM
    across = rng.normal(0, FWHM_PIXEL / np.sqrt(8 * np.log(2)), len(image))
    y, x = _turn(along, across, exposure.scan[image])
    return Events(image, y + position[0][image], x + position[1][image])


def sun_leak(rng: Generator, exposure: Exposure, leaks: ndarray) -> Events:
    """Draw sunlight that leaks in from one side of the field, where ``leaks``, fading inwards."""
    n = len(exposure)
    counts = log_uniform(rng, 20.0, 300.0, n) * exposure.depth * leaks
    reach, angle = rng.uniform(0.7, 2.5, n) / DEG_PER_PIXEL, rng.uniform(0, 2 * np.pi, n)
    image = _repeat(rng, counts)
    along = _HALF - rng.exponential(1, len(image)) * reach[image]
    across = rng.uniform(-_HALF, _HALF, len(image)) * np.sqrt(2)
    return Events(image, *_turn(along, across, angle[image]))


def burst(rng: Generator, exposure: Exposure, bursts: ndarray) -> Events:
    """Draw a few seconds of particles, where ``bursts``: a stripe across the scan.

    The stripe is as wide as the collimator moves meanwhile, 3 to 30 s at 0.065 deg/s.
    """
    n = len(exposure)
    counts = log_uniform(rng, 10.0, 100.0, n) * bursts
    width = rng.uniform(3, 30, n) * 0.065 / DEG_PER_PIXEL
    middle = rng.uniform(-0.8, 0.8, n) * _HALF
    image = _repeat(rng, counts)
    along = middle[image] + width[image] * rng.uniform(-0.5, 0.5, len(image))
    across = rng.uniform(-_HALF, _HALF, len(image)) * np.sqrt(2)
    return Events(image, *_turn(along, across, exposure.scan[image]))


def log_uniform(rng: Generator, low: float, high: float, n: int) -> ndarray:
    """Draw numbers whose logarithms are uniform: ``(n,)``."""
    return np.exp(rng.uniform(np.log(low), np.log(high), n))


def _repeat(rng: Generator, mean: ndarray) -> ndarray:
    """Draw a Poisson number of events for each image; return the image of each event."""
    return np.repeat(np.arange(len(mean)), rng.poisson(mean))


def _turn(along: ndarray, across: ndarray, angle: ndarray) -> tuple[ndarray, ndarray]:
    """Return ``(y, x)`` of distances along and across a direction."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return along * sine + across * cosine, along * cosine - across * sine
