"""The best that anything can do on the simulated segments: the simulator's own likelihood ratio.

Where noise is Gaussian and the law of the signals is known, one statistic ranks best (Neyman and
Pearson): the likelihood of the data with a signal over that without, averaged over all that is not
known of the signal. No network of any depth can rank these segments better, so this is the mark to
judge networks by; `matched_filter`, which forgets that one source must explain all detectors, is
below it.

For a signal of network SNR rho whose shape gives the matched filter S the ratio is
``exp(rho * Re S - rho**2 / 2)``. Its average over the phase is a Bessel function and over the SNR a
sum. Time, masses, place and orientation are drawn; drawn blindly they would almost never fit, so times
and masses are drawn where the detectors' incoherent sum, which no coherent one exceeds, is large, and
weighted back. The estimate has no bias but some scatter, which costs a little area under the curve:
more `Draws` show how much. Whether it is right at all its calibration shows: its logarithm is the
log-odds of a signal, with a temperature of 1.

`measure_limit` judges it on the test segments.

References
----------
Neyman & Pearson 1933, Phil. Trans. R. Soc. A 231, 289. Searle, Sutton & Tinto 2009, Class. Quantum
Grav. 26, 155017: Bayesian detection with a network of detectors.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex64, Float32, Float64, Int64
from numpy import ndarray
from scipy.fft import ifft  # type: ignore[import-untyped]
from scipy.special import i0e  # type: ignore[import-untyped]

from models.strain_resnet.detectors import antenna, arrival_s, light_travel_s
from models.strain_resnet.matched_filter import SNR_UNIT, incoherent, whitened
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.sources import MERGER_S, draw_sources
from models.strain_resnet.whitening import NARROW

__all__ = ["Draws", "Law", "draw_law", "log_likelihood_ratio"]

_FINER = 2
"""Times are drawn on a grid so much finer than the samples: half a millisecond."""

_RATE_HZ = _FINER * NARROW.samples / 2

_MARGIN_S = 0.03
"""From the centre of the Earth to H1, and a little."""

_REACH = [round(light_travel_s("H1", name) * _RATE_HZ) for name in DETECTORS]

_FIRST, _LAST = (
    round((second + margin) * _RATE_HZ)
    for second, margin in zip(MERGER_S, (-_MARGIN_S, _MARGIN_S), strict=True)
)

_LOUDEST, _STEP = 60.0, 0.01
"""Largest filter output in the table of the averages, and its step."""

_SNRS = 400
"""Quantiles of the law of the SNR that are summed over."""

_TEMPER, _BLIND = 0.8, 0.05
"""Cells are drawn by this power of what they can give at most, a few blindly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How much is drawn."""

    templates: int = 300
    """Pairs of masses, the same for all segments."""

    cells: int = 512
    """Pairs of a template and a time, for each segment."""

    skies: int = 512
    """Places and orientations for each cell, of the pool."""

    pool: int = 200_000

    seed: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What the simulator may draw, sampled."""

    templates: Complex64[ndarray, "k 3 f"]
    """Of unit SNR in each detector, merging at time zero."""

    reach: Float32[ndarray, "k 3"]
    """How loud each detector hears them, relative to H1, for a pattern of 1."""

    heard: Complex64[ndarray, "p 3"]
    """What places and orientations make of amplitude and phase."""

    lag: Int64[ndarray, "p 3"]
    """Arrival after that at H1 [1/2048 s]."""

    late_s: Float64[ndarray, " p"]
    """Arrival at H1 after that at the centre of the Earth."""

    average: Float64[ndarray, " s"]
    """ln of the ratio averaged over phase and SNR, for filter outputs in steps of 0.01."""

    draws: Draws


def draw_law(draws: Draws | None = None) -> Law:
    """Draw masses, places and orientations as the simulator does."""
    draws = draws or Draws()
    rng = np.random.default_rng(draws.seed)
    masses = draw_sources(rng, draws.templates)
    white = whitened(masses.mass_1_msun, masses.mass_2_msun)
    size = np.linalg.norm(white, axis=2)
    skies = draw_sources(rng, draws.pool)
    plus, cross = antenna(skies.longitude_rad, skies.latitude_rad, skies.polarisation_rad)
    cosine = skies.cos_inclination[:, None]
    arrival = arrival_s(skies.longitude_rad, skies.latitude_rad)
    return Law(
        templates=white / size[:, :, None],
        reach=(size / size[:, :1]).astype(np.float32),
        heard=np.asfortranarray(plus * (1 + cosine**2) / 2 + 1j * cross * cosine, np.complex64),
        lag=np.asfortranarray(np.rint((arrival - arrival[:, :1]) * _RATE_HZ), np.int64),
        late_s=arrival[:, 0],
        average=_average(skies.network_snr),
        draws=draws,
    )


def _average(network_snr: Float64[ndarray, " n"]) -> Float64[ndarray, " s"]:
    snr = np.quantile(network_snr, (np.arange(_SNRS) + 0.5) / _SNRS)
    product = np.outer(np.arange(0, _LOUDEST, _STEP), snr)
    ratio = np.log(i0e(product)) + product - snr**2 / 2
    most = ratio.max(axis=1)
    average: Float64[ndarray, " s"] = most + np.log(np.exp(ratio - most[:, None]).mean(axis=1))
    return average


def log_likelihood_ratio(inputs: Float32[ndarray, "n 2048 3"], law: Law) -> Float64[ndarray, " n"]:
    """Return ln of the likelihood ratio of whitened segments, signal over noise.

    All three detectors must be there; the draws for a segment follow from its place in the batch.
    """
    found = [
        _of_segment(one, law, np.random.default_rng([law.draws.seed, row]))
        for row, one in enumerate(inputs)
    ]
    return np.array(found)


def _of_segment(inputs: Float32[ndarray, "2048 3"], law: Law, rng: np.random.Generator) -> float:
    series = _filtered(inputs, law)
    bound = _averaged(np.sqrt(incoherent(series.real**2 + series.imag**2, _REACH)), law)
    cells, log_weight = _draw_cells(bound.ravel(), law.draws.cells, rng)
    template, time = np.divmod(cells[:, None], bound.shape[1])
    first = rng.integers(len(law.heard) - law.draws.skies, size=(len(cells), 1))
    sky = first + np.arange(law.draws.skies)  # the pool is in no order, and a run of it is quick
    coherent = np.zeros(sky.shape, np.complex64)
    power = np.zeros(sky.shape, np.float32)
    for detector in range(len(DETECTORS)):
        share = law.heard[:, detector][sky] * law.reach[template, detector]
        row = (template * len(DETECTORS) + detector) * series.shape[2]
        at = row + time + max(_REACH) + law.lag[:, detector][sky]
        coherent += share.conj() * series.ravel().take(at)
        power += share.real**2 + share.imag**2
    ratio = _averaged(np.abs(coherent) / np.sqrt(power), law)
    merger_s = (_FIRST + time) / _RATE_HZ - law.late_s[sky]
    possible = (merger_s >= MERGER_S[0]) & (merger_s <= MERGER_S[1])
    ratio = np.where(possible, ratio, -np.inf) + log_weight[:, None]
    times = (MERGER_S[1] - MERGER_S[0]) * _RATE_HZ
    return float(_log_mean(ratio) - np.log(len(law.templates) * times))


def _filtered(inputs: Float32[ndarray, "2048 3"], law: Law) -> Complex64[ndarray, "k 3 t"]:
    """Return the complex SNR of every template around the times when H1 may hear a merger."""
    data = np.fft.rfft(inputs.T.astype(np.float32), axis=-1).astype(np.complex64)
    product = np.zeros((*law.reach.shape, _FINER * NARROW.samples), np.complex64)
    product[..., : data.shape[1]] = data * law.templates.conj()
    series = ifft(product, axis=-1, overwrite_x=True)[
        ..., _FIRST - max(_REACH) : _LAST + max(_REACH)
    ]
    filtered: Complex64[ndarray, "k 3 t"] = series * np.complex64(_FINER * SNR_UNIT)
    return filtered


def _averaged(filtered: ndarray, law: Law) -> ndarray:
    """Look the average over phase and SNR up."""
    return law.average[np.rint(filtered * (1 / _STEP)).astype(np.int64)]


def _draw_cells(
    bound: Float64[ndarray, " c"], n: int, rng: np.random.Generator
) -> tuple[Int64[ndarray, " n"], Float64[ndarray, " n"]]:
    """Draw cells by what they can give at most, and ln of what each stands for."""
    chance = np.exp(_TEMPER * (bound - bound.max()))
    chance = (1 - _BLIND) * chance / chance.sum() + _BLIND / len(chance)
    summed = np.cumsum(chance)
    even = (np.arange(n) + rng.random(n)) / n
    cells = np.searchsorted(summed, even * summed[-1])
    return cells, -np.log(chance[cells])


def _log_mean(logarithms: ndarray) -> float:
    most = logarithms.max()
    return float(most + np.log(np.exp(logarithms - most).mean()))
