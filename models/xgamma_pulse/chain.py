"""What the instrument does to charge: amplify, digitise. And the settings of all of it.

`Chain` describes instrument and surroundings of the simulation; its defaults are what the shipped
weights were trained on. `amplify` and `digitise` turn the charge that arrives at each sample into
the counts that a file would hold.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray
from numpy.random import Generator

from models.xgamma_pulse.waveforms import PERIOD_NS, SAMPLES

__all__ = ["PERIOD_US", "Chain", "amplify", "digitise"]

PERIOD_US = PERIOD_NS / 1000
"""Time from one sample to the next [us]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The instrument and its surroundings. The defaults are what the weights were trained on."""

    scintillator: str = "csi"
    """A key of `~models.xgamma_pulse.detector.SCINTILLATORS`."""

    amplitude_e: tuple[float, float] = (375.0, 8219.0)
    """Range of the charge [e-], of both classes: at the mean light yield of CsI(Tl) gamma rays of
    15 to 329 keV, and X-rays of 1.4 to 30 keV (the band begins at 2 keV; at the rim of the SDD part
    of the charge is lost)."""

    photon_index: float = 2.1
    """Slope of the spectrum, dN/dE ~ E^-2.1: that of the Crab (Toor & Seward 1974)."""

    enc_e: float = 100.0
    """Equivalent noise charge [e- rms]: the upper end of the published band, where a cut on the rise
    time is right as often as it should be; `~models.xgamma_pulse.rise_time` says why."""

    flicker: float = 0.5
    """Share of ENC^2 that is 1/f noise. Ours: none is published."""

    decay_us: float = 50.0
    """Decay time of the preamplifier: "tens of microseconds"."""

    slope_e_per_us: float = 3.0
    """Rms of the baseline's slope, from leakage and the tails of earlier pulses [e-/us]: 3 is a
    leakage of 0.5 pA that nothing restores. Ours."""

    pile_up: float = 0.03
    """Share of waveforms that hold a second pulse, of either class."""

    gain_spread: float = 0.05
    """Relative rms of the gain from channel to channel. Ours."""

    bits: int = 12
    """Of the digitiser: 12 to 14 are usual."""

    range_e: float = 12_000.0
    """Charge that spans the digitiser's range [e-]."""

    offset: tuple[float, float] = (0.05, 0.15)
    """Range of the baseline's offset, in shares of the digitiser's range."""

    phase_us: float = 0.5
    """Trigger phase: the interaction is at most this far from its nominal sample. As large for both
    classes, so that the time of the pulse tells nothing of its kind."""


def amplify(charge: Float32[ndarray, "n t"], chain: Chain) -> Float32[ndarray, "n t"]:
    """Sum the charge up, each electron decaying from its arrival on [e-]."""
    decay = np.exp(np.arange(SAMPLES) * (-PERIOD_US / chain.decay_us)).astype(np.float32)
    signal: Float32[ndarray, "n t"] = np.cumsum(charge / decay, axis=1, dtype=np.float32)
    signal *= decay
    return signal


def digitise(
    rng: Generator, signal: Float32[ndarray, "n t"], chain: Chain
) -> UInt16[ndarray, "n t"]:
    """Add baselines, apply the channels' gains, round to counts and clip."""
    n, top = len(signal), 2**chain.bits - 1
    slope = (rng.normal(0, chain.slope_e_per_us, n) * PERIOD_US).astype(np.float32)
    gain = (rng.normal(1, chain.gain_spread, n) * top / chain.range_e).astype(np.float32)
    offset = (rng.uniform(*chain.offset, n) * top).astype(np.float32)
    time = np.arange(SAMPLES, dtype=np.float32)
    counts: ndarray = (signal + slope[:, None] * time) * gain[:, None] + offset[:, None]
    clipped: ndarray = np.clip(np.rint(counts), 0, top)
    return clipped.astype(np.uint16)
