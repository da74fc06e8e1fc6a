"""Whitening of a running detector's strain: over a buffer far longer than a window.

::

    strain of 32 s, any rate -> whiten_buffer -> 1024 Hz, unit variance -> sliding_windows -> input

Real strain is loudest below 20 Hz. Two seconds of it, tapered and divided by a noise curve, leak so
much of that upwards that every window looks like a merger. So the noise curve is measured on the
buffer itself, the median of overlapping spectra, which one loud event does not move, and the windows
are cut *after* the division. Both ends are given up, `EDGE_S` each.

All of it is linear filtering in one Fourier transform: high-pass, resampling and whitening.

References
----------
Allen et al. 2012, Phys. Rev. D 85, 122006 (FINDCHIRP), appendix B: bias of a median of spectra.
"""

import numpy as np
from jaxtyping import Float, Float32, Float64
from numpy import ndarray

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import LIMIT
from models.strain_resnet.whitening import NARROW, STRAIN_SCALE, taper

__all__ = [
    "EDGE_S",
    "LEAST_S",
    "WHITE_RATE_HZ",
    "WINDOW_S",
    "join_detectors",
    "median_psd",
    "sliding_windows",
    "whiten_buffer",
]

WHITE_RATE_HZ = 1024
"""Of whitened strain."""

WINDOW_S = 2.0

LEAST_S = 16.0
"""Shortest buffer: seven spectra for the median."""

EDGE_S = 2.0
"""What either end of a buffer loses: the taper, and the length of the whitening filter."""

_TAPERED = 0.05

_SPECTRUM_S = 4.0

_HIGH_PASS_HZ = 15.0

_ORDER = 8


def whiten_buffer(strain: Float64[ndarray, " t"], sample_rate_hz: int) -> Float32[ndarray, " out"]:
    """Whiten a buffer of one detector by its own median spectrum, in 20 to 500 Hz.

    Parameters
    ----------
    strain
        At least `LEAST_S`, a whole number of 1/1024 s, without a gap.

    Returns
    -------
    :
        The whole buffer at 1024 Hz, of unit variance but for the first and the last `EDGE_S`.

    Raises
    ------
    ValueError
        If the buffer is too short, has a gap or is flat, or if its rate is too low.
    """
    _check(strain, sample_rate_hz)
    count = len(strain) * WHITE_RATE_HZ // sample_rate_hz
    scaled = (strain - strain.mean()) * STRAIN_SCALE
    window = np.asarray(taper(len(strain), _TAPERED), np.float64)
    spectrum = np.fft.rfft(scaled * window)[: count // 2 + 1] * (count / len(strain))
    frequencies_hz = np.fft.rfftfreq(count, 1 / WHITE_RATE_HZ)
    spectrum *= _high_pass(frequencies_hz)
    quiet = np.fft.irfft(spectrum, n=count)
    edge = int(np.ceil(_TAPERED / 2 * count))
    at_hz, density = median_psd(quiet[edge:-edge], WHITE_RATE_HZ)
    inside = (frequencies_hz >= NARROW.low_hz) & (frequencies_hz <= NARROW.high_hz)
    size = np.sqrt(np.interp(frequencies_hz[inside], at_hz, density) * WHITE_RATE_HZ * count / 2)
    spectrum[~inside] = 0
    spectrum[inside] *= count / np.sqrt(2 * inside.sum()) / size
    white: Float32[ndarray, " out"] = np.fft.irfft(spectrum, n=count).astype(np.float32)
    return white


def _check(strain: Float[ndarray, " t"], sample_rate_hz: int) -> None:
    bad = int(strain.size - np.isfinite(strain).sum())
    if bad:
        raise ValueError(f"{bad} of {strain.size} samples are no numbers: whiten between the gaps")
    if sample_rate_hz < WHITE_RATE_HZ:
        raise ValueError(f"strain at {sample_rate_hz} Hz is below {WHITE_RATE_HZ} Hz")
    if strain.size < LEAST_S * sample_rate_hz:
        raise ValueError(
            f"{strain.size / sample_rate_hz:g} s of strain are less than {LEAST_S:g} s"
        )
    if strain.size * WHITE_RATE_HZ % (2 * sample_rate_hz):
        raise ValueError(
            f"{strain.size} samples at {sample_rate_hz} Hz are no even number at {WHITE_RATE_HZ} Hz"
        )
    if strain.min() == strain.max():
        raise ValueError(f"the strain is {strain.min()} throughout")


def _high_pass(frequencies_hz: Float64[ndarray, " f"]) -> Float64[ndarray, " f"]:
    """Gain of a Butterworth filter run forwards and backwards."""
    ratio = (frequencies_hz / _HIGH_PASS_HZ) ** (2 * _ORDER)
    gain: Float64[ndarray, " f"] = ratio / (1 + ratio)
    return gain


def median_psd(
    series: Float64[ndarray, " t"], sample_rate_hz: int
) -> tuple[Float64[ndarray, " f"], Float64[ndarray, " f"]]:
    """Return frequencies [Hz] and one-sided density: the median of spectra of four seconds.

    They overlap by half, under a Hann window.
    """
    length = int(_SPECTRUM_S * sample_rate_hz)
    window = np.hanning(length + 1)[:-1]
    starts = range(0, len(series) - length + 1, length // 2)
    spectra = np.stack([np.fft.rfft(window * series[i : i + length]) for i in starts])
    density = np.median(np.abs(spectra) ** 2, axis=0) * 2 / (sample_rate_hz * (window**2).sum())
    return np.fft.rfftfreq(length, 1 / sample_rate_hz), density / _median_bias(len(spectra))


def _median_bias(count: int) -> float:
    """Return the mean of a median of exponential variates, whose own mean is 1.

    Examples
    --------
    >>> _median_bias(1), round(_median_bias(1001), 3)
    (1.0, 0.694)
    """
    terms = np.arange(1, count + 1 if count % 2 else count)
    return float(-((-1.0) ** terms / terms).sum())


def join_detectors(
    white: dict[str, Float32[ndarray, " t"]],
) -> Float32[ndarray, "t 3"]:
    """Put whitened series of the same time side by side; a detector that is absent is zeros.

    Raises
    ------
    ValueError
        If there is none, one of an unknown detector, or one of another length.
    """
    lengths = {len(series) for series in white.values()}
    if len(lengths) != 1 or not set(white) <= set(DETECTORS):
        raise ValueError(
            f"series must be of {', '.join(DETECTORS)} and of one length, not"
            f" { {name: len(series) for name, series in white.items()} }"
        )
    nothing = np.zeros(lengths.pop(), np.float32)
    return np.stack([white.get(name, nothing) for name in DETECTORS], axis=1)


def sliding_windows(
    white: Float32[ndarray, "t 3"], stride_s: float = 0.125
) -> tuple[Float32[ndarray, "n 2048 3"], Float64[ndarray, " n"]]:
    """Cut windows out of the usable part of a buffer.

    Parameters
    ----------
    white
        Whole whitened buffers at 1024 Hz; what is within `EDGE_S` of an end is not used.
    stride_s
        From window to window, rounded to samples.

    Returns
    -------
    :
        Inputs of the one-dimensional networks, tapered as in training, and the start of each window
        after the start of the buffer [s].
    """
    edge, length = int(EDGE_S * WHITE_RATE_HZ), NARROW.samples
    stride = max(1, round(stride_s * WHITE_RATE_HZ))
    starts = np.arange(edge, len(white) - edge - length + 1, stride)
    cut = white[starts[:, None] + np.arange(length)] * taper(length)[:, None]
    return np.clip(cut, -LIMIT, LIMIT), starts / WHITE_RATE_HZ
