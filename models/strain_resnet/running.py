"""Running strain of one detector, second by second: whitened over a buffer, cut into windows.

What the daemon and the measurement of its background share. The noise is estimated
from the last `BUFFER_S` of the detector, the newest second included, at least
`~models.strain_resnet.buffer_whitening.LEAST_S` of it; so the first window comes after that time, and
each window comes `~models.strain_resnet.buffer_whitening.EDGE_S` after its last sample.
"""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from models.strain_resnet.buffer_whitening import EDGE_S, WHITE_RATE_HZ
from models.strain_resnet.noise_curves import HIGHEST_HZ, LOWEST_HZ, asd
from models.strain_resnet.preprocess import HUGE, LIMIT
from models.strain_resnet.whitening import NARROW, taper

__all__ = [
    "BUFFER_S",
    "NEEDED_BITS",
    "STRIDE_S",
    "WINDOW_SAMPLES",
    "is_strain",
    "noise_of",
    "window_of",
]

BUFFER_S = 32
"""Length of the buffer [s]."""

STRIDE_S = 0.25
"""From window to window, if nobody asks for another."""

WINDOW_SAMPLES = NARROW.samples

NEEDED_BITS = 0b11
"""Data-quality bits of a second, in ``DQmask`` and state vectors alike: there is strain, and it is meant
for analysis."""


def is_strain(second: Float64[ndarray, " t"]) -> bool:
    """Whether it can be strain: no gap, not flat, and nothing that no detector could measure."""
    low, high = second.min(), second.max()  # NaN goes through both
    return bool(-HUGE < low < high < HUGE)


def window_of(
    white: Float32[ndarray, "t detectors"], begin_s: float
) -> Float32[ndarray, "2048 detectors"]:
    """Cut the window out of a whitened buffer that begins so much after the buffer, and taper it.

    Raises
    ------
    ValueError
        If it reaches within `~models.strain_resnet.buffer_whitening.EDGE_S` of an end.
    """
    first = round(begin_s * WHITE_RATE_HZ)
    edge = int(EDGE_S * WHITE_RATE_HZ)
    if not edge <= first <= len(white) - edge - WINDOW_SAMPLES:
        raise ValueError(
            f"a window {begin_s:g} s into {len(white) / WHITE_RATE_HZ:g} s of strain is too near an end"
        )
    cut = white[first : first + WINDOW_SAMPLES] * taper(WINDOW_SAMPLES)[:, None]
    clipped: Float32[ndarray, "2048 detectors"] = np.clip(cut, -LIMIT, LIMIT)
    return clipped


def noise_of(
    rng: np.random.Generator, detector: str, seconds: int, sample_rate_hz: int = 2048
) -> Float64[ndarray, " t"]:
    """Simulate Gaussian noise of a detector, without a seam from the first second to the last.

    It follows `~models.strain_resnet.noise_curves.asd` above 10.2 Hz and has no power below.
    """
    samples = seconds * sample_rate_hz
    frequencies_hz = np.fft.rfftfreq(samples, 1 / sample_rate_hz)
    inside = (frequencies_hz >= LOWEST_HZ) & (frequencies_hz <= min(HIGHEST_HZ, sample_rate_hz / 2))
    spectrum = np.zeros(len(frequencies_hz), np.complex128)
    parts = rng.standard_normal((int(inside.sum()), 2)).view(np.complex128)[:, 0]
    spectrum[inside] = parts * asd(detector, frequencies_hz[inside])
    spectrum *= np.sqrt(sample_rate_hz * samples / 4)
    series: Float64[ndarray, " t"] = np.fft.irfft(spectrum, n=samples)
    return series
