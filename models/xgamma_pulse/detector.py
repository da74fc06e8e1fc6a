"""The spectrometer that is simulated: a scintillator read by a silicon drift detector (SDD).

A photon absorbed in the silicon frees its electrons at one place, and they reach the anode
together: the charge is a step. A photon absorbed in the crystal makes light, whose decay spreads
the charge over microseconds. The rise time is the difference; the amplitudes overlap, because
silicon gives ten times more electrons per keV than the crystal's light does.

::

    energy -> electrons -> collected charge over time -> amplifier's decay -> samples [e-]

Shapes are cumulative and causal: the share of the charge that has arrived by a time after the
interaction. All times are in microseconds.

References
----------
Geometry and read-out: Campana et al. 2017, arXiv:1704.06122 (CsI(Tl) bars, two SDDs of 25 mm^2);
Labanti et al. 2021, arXiv:2102.08694 (XGIS: 2 keV to 20 MeV). The constants of CsI(Tl), GAGG:Ce
and silicon are textbook values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

__all__ = [
    "CSI",
    "ELECTRONS_PER_KEV_IN_SILICON",
    "GAGG",
    "SCINTILLATORS",
    "Scintillator",
    "arriving",
    "collected_from_light",
    "collected_in_silicon",
    "draw_rise_us",
]

ELECTRONS_PER_KEV_IN_SILICON = 1000 / 3.65
"""274 electrons per keV: 3.65 eV make one electron-hole pair."""

FASTEST_RISE_US = 0.05
"""10-90 % rise of a step, of a hit above the anode: the preamplifier alone."""

SLOWEST_RISE_US = 0.30
"""The same of a hit at the rim, whose charge spread by diffusion as it drifted."""

COLLECTION_US = 0.1
"""Time constant of drift and preamplifier for light, which falls on all of the SDD at once."""

_LOGISTIC_RISE = 2 * np.log(9)
"""10-90 % rise of the logistic function, in units of its scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scintillator:
    """How a crystal shines. A range is what single events and crystals are drawn from."""

    fast_us: tuple[float, float]
    """Decay time of the fast component."""

    slow_us: float
    """Decay time of the slow component."""

    fast_share: tuple[float, float]
    """Share of the light in the fast component."""

    electrons_per_kev: tuple[float, float]
    """Light yield as the SDD sees it: collected electrons per keV absorbed in the crystal."""


CSI = Scintillator(
    fast_us=(0.6, 0.8), slow_us=3.3, fast_share=(0.5, 0.6), electrons_per_kev=(20.0, 30.0)
)
"""CsI(Tl): 10-90 % rise of 4 to 6 us."""

GAGG = Scintillator(
    fast_us=(0.085, 0.095), slow_us=0.28, fast_share=(0.65, 0.75), electrons_per_kev=(24.0, 34.0)
)
"""GAGG:Ce, as HERMES has it; its tail's share is ours. Hardly slower than a drift: a hard case."""

SCINTILLATORS: Mapping[str, Scintillator] = MappingProxyType({"csi": CSI, "gagg": GAGG})


def draw_rise_us(rng: Generator, n: int) -> Float32[ndarray, " n"]:
    """Draw the 10-90 % rise of steps, for hits spread evenly over a round SDD.

    Notes
    -----
    A cloud's diffusion grows with the root of its drift time, and that with the radius of the hit;
    it adds in quadrature to the preamplifier's rise.
    """
    radius = np.sqrt(rng.random(n, dtype=np.float32))
    diffusion = SLOWEST_RISE_US**2 - FASTEST_RISE_US**2
    rise: ndarray = np.sqrt(FASTEST_RISE_US**2 + diffusion * radius)
    return rise.astype(np.float32)


def collected_in_silicon(
    after_us: Float32[ndarray, "n t"], rise_us: Float32[ndarray, " n"]
) -> Float32[ndarray, "n t"]:
    """Return the share of the charge of X-ray events that has arrived.

    Parameters
    ----------
    after_us
        Time since the interaction [us]; negative before.
    rise_us
        10-90 % rise of each event [us].
    """
    scale = (rise_us / np.float32(_LOGISTIC_RISE))[:, None]
    with np.errstate(over="ignore"):  # long before the step: exp is inf, and the share 0
        share: Float32[ndarray, "n t"] = 1 / (1 + np.exp((rise_us[:, None] - after_us) / scale))
    share[after_us < 0] = 0
    return share


def collected_from_light(
    after_us: Float32[ndarray, "n t"],
    fast_us: Float32[ndarray, " n"],
    slow_us: float,
    fast_share: Float32[ndarray, " n"],
) -> Float32[ndarray, "n t"]:
    """Return the mean share of the charge of gamma-ray events that has arrived.

    Each component of the light decays exponentially and is smeared by the exponential collection
    in the SDD.
    """
    after = np.maximum(after_us, 0)
    share: Float32[ndarray, "n t"] = np.ones_like(after)
    smear = np.exp(after / np.float32(-COLLECTION_US))
    slow = np.full_like(fast_us, slow_us)
    for decays, weights in ((fast_us, fast_share), (slow, 1 - fast_share)):
        decay, weight = decays[:, None], weights[:, None]
        tail = decay * np.exp(-after / decay) - np.float32(COLLECTION_US) * smear
        share -= weight * tail / (decay - np.float32(COLLECTION_US))
    return share


def arriving(share: Float32[ndarray, "n t"]) -> Float32[ndarray, "n t"]:
    """Turn shares collected by each sample into shares that arrived since the sample before."""
    steps = share.copy()
    steps[:, 1:] -= share[:, :-1]
    arrived: Float32[ndarray, "n t"] = np.maximum(steps, 0)
    return arrived
