"""The classical search on the same segments: a bank of templates, a matched filter, coincidence.

What the networks are compared with. It knows the noise curve exactly, which no search does, and
where in the segment a merger may be. Each template is slid along each detector; the squares of the
SNR are added up with the loudest that light could link to it in the others. Two statistics come out:

* ``peak``, the largest network SNR over templates and times, what a search ranks by;
* ``evidence``, the logarithm of the mean of exp(SNR^2 / 2) over both, which does not let one
  template speak for all. It is the better of the two.

The bank is drawn from the same law of masses as the signals: a random bank, which spends its
templates where the signals are. Its fitting factors are tested.

References
----------
Messenger, Prix & Papa 2009, Phys. Rev. D 79, 104017: random template banks.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float32, Float64
from numpy import ndarray

from models.strain_resnet.detectors import light_travel_s
from models.strain_resnet.noise_curves import DETECTORS, asd
from models.strain_resnet.sources import MERGER_S, draw_sources
from models.strain_resnet.waveform import phenom_a
from models.strain_resnet.whitening import NARROW

__all__ = [
    "SNR_UNIT",
    "TEMPLATES",
    "Bank",
    "Statistics",
    "draw_bank",
    "filter_segments",
    "incoherent",
    "matches",
    "merger_time_s",
    "timing_bank",
    "whitened",
]

TEMPLATES = 240

_RATE_HZ = NARROW.samples / 2
"""Of whitened segments of two seconds."""

SNR_UNIT = np.float32(
    np.sqrt(2 * NARROW.samples * (NARROW.high_hz - NARROW.low_hz) / (_RATE_HZ / 2))
)
"""Times the inverse transform of data and template: the complex SNR, whose mean square is 2 in noise.
Noise of unit variance has ``|X|^2 = samples * (512 / band)`` per bin."""

_MARGIN_S = 0.03
"""Added to either end of the times of a merger: from the centre of the Earth to a detector."""

_ANYWHERE_S = (0.1, 1.9)
"""Where a window of running strain may hold a merger: not where its ends are tapered."""

_TIMED_MSUN = (4.3, 70.0)
"""Bounds of the chirp mass of 5 + 5 and of 80 + 80 solar masses."""

_HEAVY_MSUN = 12.0

_TIMED_RATIO = 1.3
"""Of the heavier to the lighter mass; it hardly matters for the time."""

_CACHED = 32
"""Segments filtered at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """Templates with whitened spectra of unit SNR, merging at time zero."""

    mass_1_msun: Float64[ndarray, " k"]

    mass_2_msun: Float64[ndarray, " k"]

    spectra: Complex64[ndarray, "k 3 f"]
    """Of every detector, in the bins of two seconds at 1024 Hz."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the search says of each segment."""

    peak: Float32[ndarray, " n"]
    """Largest network SNR."""

    evidence: Float32[ndarray, " n"]
    """ln of the mean of exp(SNR^2 / 2) over templates and times."""


def draw_bank(seed: int = 1, templates: int = TEMPLATES) -> Bank:
    """Draw the masses of a bank as those of the signals are drawn, and make its templates."""
    sources = draw_sources(np.random.default_rng(seed), templates)
    spectra = _templates(sources.mass_1_msun, sources.mass_2_msun)
    return Bank(mass_1_msun=sources.mass_1_msun, mass_2_msun=sources.mass_2_msun, spectra=spectra)


def timing_bank() -> Bank:
    """Make a bank that tells when a merger was: a template of another mass fits at another time.

    A chirp's phase goes with the chirp mass to the power of -5/3, so the light ones are spaced by
    that, and the heavy ones, of a few cycles, by their logarithm.
    """
    low, high = _TIMED_MSUN
    light = np.linspace(low ** (-5 / 3), high ** (-5 / 3), 100) ** (-3 / 5)
    chirp = np.concatenate([light, np.geomspace(_HEAVY_MSUN, high, 25)])
    mass_2 = chirp * ((1 + _TIMED_RATIO) / _TIMED_RATIO**3) ** (1 / 5)
    mass_1 = _TIMED_RATIO * mass_2
    return Bank(mass_1_msun=mass_1, mass_2_msun=mass_2, spectra=_templates(mass_1, mass_2))


def _templates(
    mass_1_msun: Float64[ndarray, " k"], mass_2_msun: Float64[ndarray, " k"]
) -> Complex64[ndarray, "k 3 f"]:
    white = whitened(mass_1_msun, mass_2_msun)
    unit: Complex64[ndarray, "k 3 f"] = white / np.linalg.norm(white, axis=2, keepdims=True)
    return unit


def whitened(
    mass_1_msun: Float64[ndarray, " k"], mass_2_msun: Float64[ndarray, " k"]
) -> Complex64[ndarray, "k 3 f"]:
    """Return what a segment's band holds of mergers at time zero, as loud as each detector hears them.

    All from one distance and face on: the norm over frequencies goes with the SNR.
    """
    frequencies_hz = np.fft.rfftfreq(NARROW.samples, 1 / _RATE_HZ)
    used = (frequencies_hz >= NARROW.low_hz) & (frequencies_hz <= NARROW.high_hz)
    chirps = phenom_a(frequencies_hz[used], mass_1_msun, mass_2_msun)
    heard = chirps.amplitude * (chirps.before_merger_s < MERGER_S[1])
    wave = heard * np.exp(-1j * chirps.phase_rad)
    spectra = np.zeros((len(wave), len(DETECTORS), len(frequencies_hz)), np.complex64)
    for number, name in enumerate(DETECTORS):
        spectra[:, number, used] = wave / (asd(name, frequencies_hz[used]) * 1e21)
    return spectra


def filter_segments(inputs: Float32[ndarray, "n 2048 3"], bank: Bank) -> Statistics:
    """Search segments that were whitened for the networks; a detector of zeros adds nothing."""
    parts = [
        _filter(inputs[first : first + _CACHED], bank) for first in range(0, len(inputs), _CACHED)
    ]
    peak, evidence = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Statistics(peak=peak, evidence=evidence)


def _filter(inputs: Float32[ndarray, "n 2048 3"], bank: Bank) -> tuple[ndarray, ndarray]:
    data = np.fft.rfft(inputs.transpose(0, 2, 1), axis=-1).astype(np.complex64, copy=False)
    highest = np.full(len(inputs), -np.inf, np.float32)
    total = np.full(len(inputs), -np.inf)
    for template in bank.spectra:
        power = _network_power(data, template, MERGER_S)
        loudest = power.max(axis=1)
        highest = np.maximum(highest, loudest)
        summed = np.log(np.exp((power - loudest[:, None]) / 2).mean(axis=1)) + loudest / 2
        total = np.logaddexp(total, summed)
    evidence = (total - np.log(len(bank.spectra))).astype(np.float32)
    return np.sqrt(highest), evidence


def merger_time_s(window: Float32[ndarray, "2048 3"], bank: Bank) -> float:
    """Return when a merger passes H1, after the start of a window that holds one [s].

    Where H1 is absent, it is the time at which light could take it there from the others.

    Parameters
    ----------
    bank
        As `timing_bank` makes it: with a random one light mergers come out up to a second off.
    """
    data = np.fft.rfft(window.T[None], axis=-1).astype(np.complex64, copy=False)
    loudest, best = -np.inf, 0
    for template in bank.spectra:
        power = _network_power(data, template, _ANYWHERE_S)[0]
        if power.max() > loudest:
            loudest, best = float(power.max()), int(power.argmax())
    return round((_ANYWHERE_S[0] - _MARGIN_S) * _RATE_HZ + best) / _RATE_HZ


def _network_power(
    data: Complex64[ndarray, "n 3 f"],
    template: Complex64[ndarray, "3 f"],
    between_s: tuple[float, float],
) -> Float32[ndarray, "n t"]:
    """Squared network SNR for mergers at the times of H1 that there may be."""
    n, detectors, bins = data.shape
    product = np.zeros((n, detectors, NARROW.samples), np.complex64)
    np.multiply(data, template.conj(), out=product[..., :bins])
    series = np.fft.ifft(product, axis=-1)
    first, last = (
        round(second * _RATE_HZ) for second in (between_s[0] - _MARGIN_S, between_s[1] + _MARGIN_S)
    )
    reach = [round(light_travel_s("H1", name) * _RATE_HZ) for name in DETECTORS]
    most = max(reach)
    near = series[..., first - most : last + most] * SNR_UNIT
    return incoherent(near.real**2 + near.imag**2, reach)


def incoherent(power: Float32[ndarray, "n 3 t"], reach: list[int]) -> Float32[ndarray, "n u"]:
    """Add to H1's power the largest that light could link to it in the others.

    Parameters
    ----------
    reach
        Samples that light takes from H1 to each detector; the longest is cut off at both ends.
    """
    times = slice(max(reach), power.shape[2] - max(reach))
    together: Float32[ndarray, "n u"] = power[:, 0, times].copy()
    for detector in range(1, power.shape[1]):
        together += _loudest_within(power[:, detector], reach[detector])[:, times]
    return together


def _loudest_within(power: Float32[ndarray, "n t"], reach: int) -> Float32[ndarray, "n t"]:
    """Largest value within so many samples to either side; wrong near the ends, which go unused."""
    spread, covered = power, 1
    while covered < 2 * reach + 1:  # twice as far each time, from a sample to the right
        step = min(covered, 2 * reach + 1 - covered)
        spread = np.maximum(spread, np.roll(spread, -step, axis=1))
        covered += step
    return np.roll(spread, reach, axis=1)


def matches(
    mass_1_msun: Float64[ndarray, " n"], mass_2_msun: Float64[ndarray, " n"], bank: Bank
) -> Float64[ndarray, " n"]:
    """Fitting factor: share of the SNR of each binary that the best template finds, in H1."""
    best = np.zeros(len(mass_1_msun))
    padded = np.zeros((len(bank.spectra), NARROW.samples), np.complex64)
    for row, signal in enumerate(_templates(mass_1_msun, mass_2_msun)[:, 0]):
        padded[:, : len(signal)] = signal * bank.spectra[:, 0].conj()
        best[row] = np.abs(np.fft.ifft(padded, axis=-1)).max() * NARROW.samples
    return best
