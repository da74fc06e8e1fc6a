"""Noise of the read-out chain: white and 1/f, of a given equivalent noise charge (ENC).

The ENC is what publications quote: the rms after shaping, in electrons at the input. A single
sample of the unshaped waveform is noisier, about 2.8 times for white noise. Here the shaping is a
triangle: the mean of `PEAKING` samples minus the mean of as many before.

References
----------
14 e- rms at a peaking time of 1.6 us was simulated for LYRA, the front end of HERMES and of
XGIS; built instruments have 20 to 50, warm ones to 100.
"""

import functools

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator

__all__ = ["PEAKING", "PEAKING_US", "enc_of", "noise", "spectrum"]

PEAKING_US = 1.6
"""Peaking time at which the ENC is defined [us]."""

PEAKING = 16
"""The same, in samples of 0.1 us."""


@functools.cache
def spectrum(length: int, flicker: float) -> Float[ndarray, " frequencies"]:
    """Return the power of each frequency of a periodic stretch whose ENC is 1 electron.

    Parameters
    ----------
    length
        Samples in the stretch.
    flicker
        Share of ENC^2 that is 1/f noise; the rest is white.

    Returns
    -------
    :
        Variance that each frequency of ``numpy.fft.rfftfreq`` brings to a sample [e-^2]; none
        at zero, which is the baseline's offset.
    """
    frequency = np.fft.rfftfreq(length)
    sides = np.full(frequency.size, 2.0)
    if length % 2 == 0:
        sides[-1] = 1
    sides[0] = 0
    white = sides / length
    pink = np.divide(sides, frequency, out=np.zeros_like(sides), where=frequency > 0)
    filtered = np.abs(np.fft.rfft(_triangle(length))) ** 2
    power: Float[ndarray, " frequencies"] = (1 - flicker) * white / (white @ filtered)
    power += flicker * pink / (pink @ filtered)
    return power


def noise(
    rng: Generator, n: int, length: int, enc: float, flicker: float
) -> Float32[ndarray, "n t"]:
    """Draw noise of zero mean [e-].

    A stretch of twice the length is drawn and half of it kept: the stretch is periodic, and 1/f
    noise would tie the end of a waveform to its start.
    """
    power = spectrum(2 * length, flicker)
    parts = rng.standard_normal((n, power.size, 2), dtype=np.float32).view(np.complex64)[..., 0]
    parts *= (enc * length * np.sqrt(power)).astype(np.float32)
    parts[:, -1] *= 2  # the last frequency has no mirror image that would double it
    stretch: Float32[ndarray, "n t"] = np.fft.irfft(parts, 2 * length, axis=1)
    return stretch[:, :length].astype(np.float32, copy=False)


def enc_of(samples: Float[ndarray, "n t"]) -> float:
    """Measure the ENC of waveforms that hold noise only [unit of the samples].

    Examples
    --------
    >>> white = np.random.default_rng(0).normal(0, 1, (2000, 200))
    >>> round(enc_of(white), 1)  # sqrt(2 / 16)
    0.4
    """
    before = samples[:, :PEAKING].mean(axis=1)
    after = samples[:, PEAKING : 2 * PEAKING].mean(axis=1)
    return float(np.std(after - before))


def _triangle(length: int) -> Float[ndarray, " length"]:
    kernel = np.zeros(length)
    kernel[:PEAKING], kernel[PEAKING : 2 * PEAKING] = -1 / PEAKING, 1 / PEAKING
    return kernel
