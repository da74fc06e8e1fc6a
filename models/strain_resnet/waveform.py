"""Signals of merging black holes: IMRPhenomA, for many pairs of masses at once.

Inspiral, merger and ringdown in the frequency domain, without spin. The phase is a sum of powers of
the frequency, so a batch of waveforms is one product of matrices. Masses are those in the frame of
the detector. Fourier transforms are NumPy's: ``exp(-2 pi i f t)``, the opposite of the paper's.

Notes
-----
Fitted to simulations of mass ratios up to 4. Against IMRPhenomD without spin it matches to 0.99 and
better from about 20 + 12 solar masses up, to 0.94 at 10 + 10: light binaries are followed only
roughly.

References
----------
Ajith et al. 2007, Class. Quantum Grav. 24, S689, and 2008, Phys. Rev. D 77, 104017
(arXiv:0710.2335), tables I and II.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64
from numpy import ndarray

__all__ = ["MEGAPARSEC_S", "SOLAR_MASS_S", "Chirps", "phenom_a"]

SOLAR_MASS_S = 4.925490947641267e-6
"""Mass of the Sun times G / c^3 [s]."""

MEGAPARSEC_S = 1.029271250e14
"""A megaparsec over the speed of light [s]."""

# Each row is a, b, c of a * eta^2 + b * eta + c, with eta the symmetric mass ratio.
_TRANSITIONS = np.array(
    [
        (0.29740, 0.044810, 0.095560),  # merger
        (0.59411, 0.089794, 0.19111),  # ringdown
        (0.50801, 0.077515, 0.022369),  # width of the ringdown
        (0.84845, 0.12848, 0.27299),  # end
    ]
)
_POWERS = np.array([-5 / 3, -1, -2 / 3, -1 / 3, 1 / 3])
_PHASES = np.array(
    [
        (0.15829, -0.087016, 0.033382),
        (-32.967, 19.0, -2.1345),
        (308.49, -182.11, 21.727),
        (-1152.5, 714.77, -99.692),
        (-1205.7, 842.33, -180.46),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chirps:
    """Waveforms of a batch of binaries, face on at one megaparsec, merging at time zero."""

    amplitude: Float32[ndarray, "n f"]
    """Size of the transform of either polarisation [1e-21/Hz]."""

    phase_rad: Float64[ndarray, "n f"]
    """The transform is ``amplitude * exp(-i * phase)``."""

    before_merger_s: Float32[ndarray, "n f"]
    """How long before the merger the binary passes each frequency [s]: stationary phase."""

    loudest_hz: Float64[ndarray, " n"]
    """What it passes at time zero: between merger and ringdown."""


def phenom_a(
    frequencies_hz: Float64[ndarray, " f"],
    mass_1_msun: Float64[ndarray, " n"],
    mass_2_msun: Float64[ndarray, " n"],
) -> Chirps:
    """Return the waveforms of a batch of binaries.

    Parameters
    ----------
    frequencies_hz
        Above 0 [Hz].
    """
    mass_s = (mass_1_msun + mass_2_msun) * SOLAR_MASS_S
    eta = mass_1_msun * mass_2_msun / (mass_1_msun + mass_2_msun) ** 2
    in_eta = np.stack([eta**2, eta, np.ones_like(eta)])
    hertz = (_TRANSITIONS @ in_eta) / (np.pi * mass_s)
    amplitude = _amplitude(frequencies_hz, mass_s, eta, hertz)
    # coefficients of f^power, with the linear term that puts the loudest moment at time zero: it
    # is when the binary passes from merging to ringing, to a millisecond or two
    terms = (_PHASES @ in_eta) / eta * (np.pi * mass_s) ** _POWERS[:, None]
    loudest_hz = hertz[:2].mean(axis=0)
    slope = (terms * _POWERS[:, None] * loudest_hz ** (_POWERS[:, None] - 1)).sum(axis=0)
    coefficients = np.concatenate([terms, -slope[None]]).T
    powers = np.append(_POWERS, 1.0)[:, None]
    phase = coefficients @ frequencies_hz**powers
    passed = (coefficients * powers[:, 0]) @ frequencies_hz ** (powers - 1)
    return Chirps(
        amplitude=amplitude,
        phase_rad=phase,
        before_merger_s=(-passed / (2 * np.pi)).astype(np.float32),
        loudest_hz=loudest_hz,
    )


def _amplitude(
    frequencies_hz: Float[ndarray, " f"],
    mass_s: Float[ndarray, " n"],
    eta: Float[ndarray, " n"],
    hertz: Float[ndarray, "4 n"],
) -> Float32[ndarray, "n f"]:
    """Power laws of the inspiral and the merger, then a Lorentzian, joined continuously."""
    merger, ringdown, width, end = (row[:, None].astype(np.float32) for row in hertz)
    f = frequencies_hz.astype(np.float32)
    inspiral = merger ** np.float32(7 / 6) * f ** np.float32(-7 / 6)
    merging = merger ** np.float32(2 / 3) * f ** np.float32(-2 / 3)
    ringing = (ringdown / merger) ** np.float32(-2 / 3) / (1 + ((f - ringdown) / (width / 2)) ** 2)
    shape = np.where(f < merger, inspiral, np.where(f < ringdown, merging, ringing))
    shape *= f < end
    size = mass_s ** (5 / 6) * hertz[0] ** (-7 / 6) * np.sqrt(5 * eta / 24)
    size *= 1e21 / (np.pi ** (2 / 3) * MEGAPARSEC_S)
    amplitude: Float32[ndarray, "n f"] = size[:, None].astype(np.float32) * shape
    return amplitude
