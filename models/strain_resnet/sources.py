"""Binary black holes: what is drawn of each, and what the three detectors hear of it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float64
from numpy import ndarray
from numpy.random import Generator

from models.strain_resnet.detectors import antenna, arrival_s
from models.strain_resnet.noise_curves import DETECTORS, asd
from models.strain_resnet.waveform import Chirps, phenom_a
from models.strain_resnet.whitening import SAMPLE_RATE_HZ, STRAIN_SCALE

__all__ = ["LARGEST_RATIO", "MASS_MSUN", "MERGER_S", "Signals", "Sources", "draw_sources", "hear"]

MASS_MSUN = (5.0, 80.0)
"""Bounds of either mass, in the frame of the detectors."""

LARGEST_RATIO = 4.0
"""Of the heavier to the lighter mass: as far as the waveform was fitted."""

MERGER_S = (1.3, 1.8)
"""Bounds of the time of the merger within a segment."""

_SNR_MEAN, _SNR_WIDTH, _SNR_LEAST = 3.6, 1.0, 1.0

_STEP_HZ = 0.25
"""Of the spectra of four seconds."""

_BINS = (48, 4001)
"""First bin of a signal and the one after the last: 12 to 1000 Hz."""

_COUNTED_HZ = 20.0
"""From here the SNR is counted."""

_HEARD_S = (3.2, 0.4)
"""A chirp is followed from this long before its merger; it sets in over this time before. All of it
that wraps around the four seconds falls outside the segment."""

_START_S = 1.0
"""Where the segment begins in the four seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Binaries, one a row; angles [rad], the place fixed to the Earth."""

    mass_1_msun: Float64[ndarray, " n"]
    mass_2_msun: Float64[ndarray, " n"]
    merger_s: Float64[ndarray, " n"]
    longitude_rad: Float64[ndarray, " n"]
    latitude_rad: Float64[ndarray, " n"]
    polarisation_rad: Float64[ndarray, " n"]
    cos_inclination: Float64[ndarray, " n"]
    phase_rad: Float64[ndarray, " n"]
    network_snr: Float64[ndarray, " n"]
    """That the distance is chosen for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the detectors hear."""

    spectra: Complex64[ndarray, "n 3 f"]
    """Scaled strain of the bins of four seconds, as ``numpy.fft.rfft`` would give it."""

    bins: tuple[int, int]
    """First of these bins, and the one after the last."""

    snr: Float64[ndarray, "n 3"]
    """Optimal SNR in each detector, of what the segment holds above 20 Hz."""

    distance_mpc: Float64[ndarray, " n"]


def draw_sources(rng: Generator, n: int, loudness: float = 1.0) -> Sources:
    """Draw binaries: isotropic, uniform in either mass, loud as the module `simulate` says.

    Parameters
    ----------
    loudness
        What the SNR is multiplied by.
    """
    masses = _draw_masses(rng, n)
    snr = np.maximum(rng.normal(_SNR_MEAN, _SNR_WIDTH, n), _SNR_LEAST)
    return Sources(
        mass_1_msun=masses[:, 0],
        mass_2_msun=masses[:, 1],
        merger_s=rng.uniform(*MERGER_S, n),
        longitude_rad=rng.uniform(0, 2 * np.pi, n),
        latitude_rad=np.arcsin(rng.uniform(-1, 1, n)),
        polarisation_rad=rng.uniform(0, np.pi, n),
        cos_inclination=rng.uniform(-1, 1, n),
        phase_rad=rng.uniform(0, 2 * np.pi, n),
        network_snr=loudness * np.sqrt(len(DETECTORS)) * snr,
    )


def _draw_masses(rng: Generator, n: int) -> Float64[ndarray, "n 2"]:
    """Draw the heavier and the lighter mass, again and again until no ratio is too large."""
    masses = np.sort(rng.uniform(*MASS_MSUN, (n, 2)), axis=1)[:, ::-1]
    wrong = masses[:, 0] > LARGEST_RATIO * masses[:, 1]
    if wrong.any():
        masses[wrong] = _draw_masses(rng, int(wrong.sum()))
    return masses


def hear(sources: Sources) -> Signals:
    """Project the waveforms on the detectors, at the distance that gives the SNR asked for."""
    frequencies_hz = np.arange(*_BINS) * _STEP_HZ
    chirps = phenom_a(frequencies_hz, sources.mass_1_msun, sources.mass_2_msun)
    plus, cross = antenna(sources.longitude_rad, sources.latitude_rad, sources.polarisation_rad)
    cosine = sources.cos_inclination[:, None]
    heard = plus * (1 + cosine**2) / 2 + 1j * cross * cosine
    snr = np.abs(heard) * _face_on_snr(frequencies_hz, chirps, sources.merger_s)
    distance_mpc = np.sqrt((snr**2).sum(axis=1)) / sources.network_snr
    delay_s = arrival_s(sources.longitude_rad, sources.latitude_rad)
    delay_s += (_START_S + sources.merger_s)[:, None]
    onset = (sum(_HEARD_S) - chirps.before_merger_s) / np.float32(_HEARD_S[1])
    onset = np.clip(onset, 0, 1)
    # per hertz to per bin: a sum over samples is the integral times the rate
    size = chirps.amplitude * onset * (SAMPLE_RATE_HZ * 1e-21 * STRAIN_SCALE)
    wave = size * _turn(chirps.phase_rad + sources.phase_rad[:, None])
    spectra = np.empty((len(wave), len(DETECTORS), wave.shape[1]), np.complex64)
    factor = (heard / distance_mpc[:, None]).astype(np.complex64)
    for detector in range(len(DETECTORS)):
        turns = 2 * np.pi * delay_s[:, detector, None] * frequencies_hz
        np.multiply(wave * factor[:, detector, None], _turn(turns), out=spectra[:, detector])
    return Signals(
        spectra=spectra, bins=_BINS, snr=snr / distance_mpc[:, None], distance_mpc=distance_mpc
    )


def _face_on_snr(
    frequencies_hz: Float64[ndarray, " f"], chirps: Chirps, merger_s: Float64[ndarray, " n"]
) -> Float64[ndarray, "n 3"]:
    """Optimal SNR at one megaparsec of what is within the segment, for a pattern of 1."""
    curves = np.stack([asd(name, frequencies_hz) for name in DETECTORS]) * 1e21
    weight = np.where(frequencies_hz >= _COUNTED_HZ, 4 * _STEP_HZ / curves**2, 0)
    inside = chirps.before_merger_s <= merger_s[:, None]
    power = np.where(inside, chirps.amplitude, 0) ** 2
    face_on: Float64[ndarray, "n 3"] = np.sqrt(power @ weight.T)
    return face_on


def _turn(phase_rad: Float64[ndarray, "n f"]) -> Complex64[ndarray, "n f"]:
    """Return ``exp(-i * phase)``, reduced to one turn in double and then computed in single."""
    turns = phase_rad * (-1 / (2 * np.pi))
    turns -= np.rint(turns)
    angle = turns.astype(np.float32)
    angle *= np.float32(2 * np.pi)
    turned: Complex64[ndarray, "n f"] = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    return turned
