"""Whitening of a two-second segment by a *known*, averaged noise curve.

For segments in the manner of G2Net alone: no power below 10 Hz to speak of, noise as in
`noise_curves`. A spectrum estimated from two seconds would whiten the signal away; and raw strain of
a real detector leaks its low frequencies through so short a window, so that every window becomes a
false alarm. For that there is `buffer_whitening`.

Strain is scaled by `STRAIN_SCALE` before anything else: its square, 1e-42, is not a float32.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from models.strain_resnet.noise_curves import DETECTORS, asd

__all__ = [
    "NARROW",
    "SAMPLES",
    "SAMPLE_RATE_HZ",
    "STRAIN_SCALE",
    "WIDE",
    "Band",
    "gain",
    "taper",
    "whiten",
]

SAMPLE_RATE_HZ = 2048

SAMPLES = 4096
"""Of a segment of two seconds."""

STRAIN_SCALE = 1e21

_TAPERED = 0.1
"""Share of a segment that the window tapers, half at either end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Frequencies to keep, and how many samples are enough to hold them."""

    low_hz: float

    high_hz: float

    samples: int
    """Of the whitened segment; its rate is this over two seconds."""


NARROW = Band(low_hz=20.0, high_hz=500.0, samples=2048)
"""What the one-dimensional networks see: 1024 Hz."""

WIDE = Band(low_hz=20.0, high_hz=1016.0, samples=4096)
"""What the constant-Q images are made from: 2048 Hz."""


def whiten(
    segments: Float32[ndarray, "n detectors t"], band: Band = NARROW
) -> Float32[ndarray, "n detectors out"]:
    """Taper, divide by the noise curve inside the band, and resample.

    Parameters
    ----------
    segments
        Strain ``(n, 3, 4096)`` at 2048 Hz in the order H1, L1, V1.

    Returns
    -------
    :
        ``(n, 3, band.samples)``. Noise that follows the curve has zero mean and unit variance
        wherever the taper is 1; zeros stay zeros.
    """
    scaled = segments * np.float32(STRAIN_SCALE)
    scaled *= taper(segments.shape[-1])
    spectra = np.fft.rfft(scaled, axis=-1)[..., : band.samples // 2 + 1] * gain(band)
    white: Float32[ndarray, "n detectors out"] = np.fft.irfft(spectra, n=band.samples, axis=-1)
    return white.astype(np.float32, copy=False)


@lru_cache
def taper(samples: int, tapered: float = _TAPERED) -> Float32[ndarray, " t"]:
    """Tukey's window: 1 in the middle, half a cosine at either end; both ends are 0."""
    ramp = np.linspace(0.0, samples - 1, samples) / (tapered / 2 * (samples - 1))
    rising = np.minimum(np.minimum(ramp, ramp[::-1]), 1.0)
    window: Float32[ndarray, " t"] = (0.5 - 0.5 * np.cos(np.pi * rising)).astype(np.float32)
    window.flags.writeable = False
    return window


@lru_cache
def gain(band: Band) -> Float32[ndarray, "3 f"]:
    """Return what each frequency of scaled strain is multiplied by; 0 outside the band.

    Noise of one-sided density S has ``E|X|^2 = S * rate * samples / 2``; after division by its root,
    K frequencies give a series of M samples the variance ``2 K / M^2``.
    """
    frequencies_hz = np.fft.rfftfreq(SAMPLES, 1 / SAMPLE_RATE_HZ)[: band.samples // 2 + 1]
    inside = (frequencies_hz >= band.low_hz) & (frequencies_hz <= band.high_hz)
    curves = np.stack([asd(name, frequencies_hz) for name in DETECTORS]) * STRAIN_SCALE
    size = curves * np.sqrt(SAMPLE_RATE_HZ * SAMPLES / 2)
    unit = band.samples / np.sqrt(2 * inside.sum())
    table: Float32[ndarray, "3 f"] = (inside * unit / size).astype(np.float32)
    table.flags.writeable = False
    return table
