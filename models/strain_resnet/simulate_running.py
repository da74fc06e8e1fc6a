"""Simulated strain of running detectors: noise without a seam, with mergers in it.

The noise is Gaussian and stationary with the curves of `noise_curves`; the mergers are those of
`simulate`, added where they are wanted. What it leaves out is what `simulate` leaves out.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from numpy.random import Generator

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.running import noise_of
from models.strain_resnet.simulate import START, SYNTHESIS
from models.strain_resnet.sources import Signals, Sources, draw_sources, hear
from models.strain_resnet.whitening import SAMPLE_RATE_HZ, STRAIN_SCALE

__all__ = ["Merger", "RunningStrain", "simulate_running"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merger:
    """The truth about a merger."""

    at_s: float
    """When it passes the centre of the Earth, after the start [s]."""

    snr: Mapping[str, float]
    """Optimal SNR by detector, of its last 1.3 to 1.8 s above 20 Hz [dimensionless]."""

    mass_1_msun: float
    """The heavier mass, as seen by the detectors."""

    mass_2_msun: float
    distance_mpc: float

    @property
    def network_snr(self) -> float:
        """Optimal SNR of the detectors together."""
        return math.hypot(*self.snr.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStrain:
    """Strain of running detectors, and the truth about it."""

    strain: Mapping[str, Float64[ndarray, " t"]]
    """By detector, at 2048 Hz [dimensionless]."""

    mergers: Sequence[Merger]
    """In the order in which they were asked for."""


def simulate_running(
    rng: Generator,
    seconds: int,
    mergers_s: Sequence[float] = (),
    *,
    loudness: float = 1.0,
    detectors: Sequence[str] = DETECTORS,
) -> RunningStrain:
    """Simulate running strain at 2048 Hz.

    Parameters
    ----------
    seconds
        How long.
    mergers_s
        When mergers pass the centre of the Earth, after the start [s]; at least 4 s from both ends.
    loudness
        What the SNR of the mergers is multiplied by.

    Raises
    ------
    ValueError
        If a merger is too near an end.
    """
    strain = {name: noise_of(rng, name, seconds, SAMPLE_RATE_HZ) for name in detectors}
    mergers: list[Merger] = []
    for merger_s in mergers_s:
        if not 4 <= merger_s <= seconds - 4:  # noqa: PLR2004 - the length of its waveform
            raise ValueError(f"a merger at {merger_s} s of {seconds} s is too near an end")
        sources = draw_sources(rng, 1, loudness)
        signals = hear(sources)
        spectra = np.zeros((len(DETECTORS), SYNTHESIS // 2 + 1), np.complex128)
        low, high = signals.bins
        spectra[:, low:high] = signals.spectra[0]
        waves = np.fft.irfft(spectra, n=SYNTHESIS, axis=-1) / STRAIN_SCALE
        first = round((merger_s - sources.merger_s[0]) * SAMPLE_RATE_HZ) - START
        for name in detectors:
            strain[name][first : first + SYNTHESIS] += waves[DETECTORS.index(name)]
        mergers.append(_truth(merger_s, sources, signals, detectors))
    return RunningStrain(strain=strain, mergers=mergers)


def _truth(merger_s: float, sources: Sources, signals: Signals, detectors: Sequence[str]) -> Merger:
    return Merger(
        at_s=merger_s,
        snr={name: float(signals.snr[0, DETECTORS.index(name)]) for name in detectors},
        mass_1_msun=float(sources.mass_1_msun[0]),
        mass_2_msun=float(sources.mass_2_msun[0]),
        distance_mpc=float(signals.distance_mpc[0]),
    )
