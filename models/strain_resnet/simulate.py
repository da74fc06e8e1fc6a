"""Simulated segments like those of G2Net, with the truth about each: what the network learns from.

Half of the segments hold a merger of two black holes, and all hold Gaussian noise. In the order of
the code: draw sources (`sources`), make their waveforms (`waveform`) and hear them with each detector
(`detectors`); colour noise with the curves of `noise_curves`; add both over four seconds and cut two
out, so that nothing is periodic in a segment.

* The merger passes the centre of the Earth 1.3 to 1.8 s into the segment: where the loud signals of
  the competition lie.
* The network's optimal SNR is sqrt(3) * max(N(3.6, 1), 1), as the third-placed team had it; the
  distance follows from it. It counts what the segment holds above 20 Hz, which for a light binary is
  the last part of a long chirp.
* Both masses are uniform in 5 to 80 solar masses with a mass ratio of at most 4, where the waveform
  holds. It is poor below 10 + 10: see `waveform`.

What it leaves out: spins, precession, eccentricity, higher modes, neutron stars, the expansion of the
universe (masses are those seen), glitches, lines that wander, noise that changes, calibration errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float32, Int8
from numpy import ndarray
from numpy.random import Generator

from models.strain_resnet.noise_curves import DETECTORS, LOWEST_HZ, asd
from models.strain_resnet.sources import Signals, Sources, draw_sources, hear
from models.strain_resnet.whitening import SAMPLE_RATE_HZ, SAMPLES, STRAIN_SCALE

__all__ = ["SPLITS", "START", "SYNTHESIS", "VERSION", "Segments", "blocks", "noise", "simulate"]

VERSION = "2026.11.1"
"""Changes whenever the same seed gives other segments."""

SPLITS = {"train": 0, "validation": 1, "test": 2}
"""A block is seeded by (seed, split, number), so splits never share one."""

SYNTHESIS = 2 * SAMPLES
"""Samples that are synthesised at once, four seconds; they are periodic."""

START = SAMPLES // 2
"""Where in them the segment begins: what wraps around falls outside."""

_CACHED = 32
"""Segments simulated at once: their spectra stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Simulated segments and the truth about them; that of pure noise is NaN, its SNR 0."""

    samples: Float32[ndarray, "n 3 4096"]
    """Strain at 2048 Hz in the order H1, L1, V1."""

    labels: Int8[ndarray, " n"]
    """1 where there is a signal."""

    snr: Float32[ndarray, "n 3"]
    """Optimal SNR in each detector; the network's is the root of the sum of the squares."""

    mass_1_msun: Float32[ndarray, " n"]
    """The heavier mass, as seen by the detectors."""

    mass_2_msun: Float32[ndarray, " n"]

    merger_s: Float32[ndarray, " n"]
    """When the merger passes the centre of the Earth, after the start of the segment."""

    distance_mpc: Float32[ndarray, " n"]

    @property
    def network_snr(self) -> Float32[ndarray, " n"]:
        """Optimal SNR of all three detectors together."""
        together: Float32[ndarray, " n"] = np.sqrt((self.snr**2).sum(axis=1))
        return together

    def __len__(self) -> int:
        """Count the segments."""
        return len(self.labels)


def blocks(
    seed: int, split: str, size: int, first: int = 0, loudness: float = 1.0
) -> Iterator[Segments]:
    """Yield block after block of a split, for ever, each reproducible on its own."""
    number = first
    while True:
        rng = np.random.default_rng([seed, SPLITS[split], number])
        yield simulate(rng, size, loudness=loudness)
        number += 1


def simulate(rng: Generator, n: int, share: float = 0.5, loudness: float = 1.0) -> Segments:
    """Simulate segments.

    Parameters
    ----------
    share
        Probability that a segment holds a signal.
    loudness
        What the SNR is multiplied by: 1, but for tests that have no time to learn faint signals.
    """
    parts = [_simulate(rng, min(_CACHED, n - i), share, loudness) for i in range(0, n, _CACHED)]
    return Segments(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Segments)
        }
    )


def _simulate(rng: Generator, n: int, share: float, loudness: float) -> Segments:
    spectra = noise(rng, n)
    loud = rng.random(n) < share
    sources = draw_sources(rng, int(loud.sum()), loudness)
    signals = hear(sources)
    low, high = signals.bins
    spectra[loud, :, low:high] += signals.spectra
    strain = np.fft.irfft(spectra, n=SYNTHESIS, axis=-1)[..., START : START + SAMPLES]
    return Segments(
        samples=(strain * (1 / STRAIN_SCALE)).astype(np.float32),
        labels=loud.astype(np.int8),
        **_truth(loud, sources, signals),
    )


def noise(rng: Generator, n: int) -> ndarray:
    """Draw spectra of Gaussian noise of four seconds: ``(n, 3, 4097)``, scaled strain per bin.

    Independent in each detector and frequency, and zero below `LOWEST_HZ`.
    """
    size = _noise_size()
    low = size.shape[1] - np.argmax(size[0, ::-1] == 0)
    parts = rng.standard_normal((n, len(DETECTORS), size.shape[1] - low, 2), dtype=np.float32)
    spectra = np.zeros((n, *size.shape), np.complex64)
    np.multiply(parts.view(np.complex64)[..., 0], size[:, low:], out=spectra[..., low:])
    return spectra


def _noise_size() -> Float32[ndarray, "3 f"]:
    """Return the standard deviation of the real and of the imaginary part of every bin."""
    frequencies_hz = np.fft.rfftfreq(SYNTHESIS, 1 / SAMPLE_RATE_HZ)
    curves = np.stack([asd(name, frequencies_hz) for name in DETECTORS]) * STRAIN_SCALE
    curves[:, frequencies_hz < LOWEST_HZ] = 0
    size: Float32[ndarray, "3 f"] = curves * np.sqrt(SAMPLE_RATE_HZ * SYNTHESIS / 4)
    return size.astype(np.float32)


def _truth(
    loud: Bool[ndarray, " n"], sources: Sources, signals: Signals
) -> dict[str, Float32[ndarray, "n ..."]]:
    def spread(values: ndarray, absent: float = np.nan) -> ndarray:
        column = np.full((len(loud), *values.shape[1:]), absent, np.float32)
        column[loud] = values
        return column

    return {
        "snr": spread(signals.snr, absent=0.0),
        "mass_1_msun": spread(sources.mass_1_msun),
        "mass_2_msun": spread(sources.mass_2_msun),
        "merger_s": spread(sources.merger_s),
        "distance_mpc": spread(signals.distance_mpc),
    }
