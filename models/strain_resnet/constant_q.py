"""Constant-Q images of whitened strain: pitch by pitch, as an ear hears a chirp.

Each bin of frequency is a band-pass whose width is in proportion to its pitch: twelve bins an octave
from 20 Hz, 69 of them, every 32 samples of 2048 Hz. That is the grid of the images that the seed
network read, ``(69, 129)`` for a segment of two seconds.

The filters are Hann windows in *frequency*, which end where they end; a window in time would have to
be cut off somewhere. A filter is then a short piece of the spectrum, a product with the window, and
an inverse transform as long as there are frames: sampling every 32 samples in time is adding up the
spectrum in pieces of 64 Hz. Where in its piece a filter lies only turns the phase, which an image
does not show.

Notes
-----
The segment is padded with zeros to twice its length, so that its end does not run into its start.

References
----------
Brown 1991, J. Acoust. Soc. Am. 89, 425; Chatterji et al. 2004, Class. Quantum Grav. 21, S1809.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Complex64, Float32, Float64, Int
from numpy import ndarray

from models.strain_resnet.whitening import SAMPLE_RATE_HZ, SAMPLES, WIDE

__all__ = ["BINS", "FRAMES", "HOP", "centres_hz", "images"]

BINS = 69

_BINS_PER_OCTAVE = 12

_LOWEST_HZ = 20.0

HOP = 32
"""Samples from frame to frame, at 2048 Hz."""

FRAMES = SAMPLES // HOP + 1
"""Frame ``i`` is centred on sample ``32 i``."""

_PADDED = 2 * SAMPLES

_PIECE = _PADDED // HOP
"""Bins of the padded spectrum in 64 Hz, and frames of the padded segment."""

_MEAN, _SPREAD = np.sqrt(np.pi) / 2, np.sqrt(1 - np.pi / 4)
"""Of the size of complex noise of unit variance (Rayleigh), which the images are scaled by."""

_CACHED = 8
"""Segments transformed at once: their spectra stay in the processor's cache."""


def centres_hz() -> Float64[ndarray, " bins"]:
    """Centre of every bin [Hz], ``(69,)``."""
    centres: Float64[ndarray, " bins"] = _LOWEST_HZ * 2 ** (np.arange(BINS) / _BINS_PER_OCTAVE)
    return centres


def images(white: Float32[ndarray, "n detectors 4096"]) -> Float32[ndarray, "n 69 129 detectors"]:
    """Return how strong every pitch is at every time.

    Parameters
    ----------
    white
        Segments whitened in `~models.strain_resnet.whitening.WIDE`.

    Returns
    -------
    :
        Frequency, time, detector. White noise gives mean 0 and variance 1, less in the frames near
        either end; a detector of zeros gives zeros.
    """
    made = np.empty((len(white), BINS, FRAMES, white.shape[1]), np.float32)
    for first in range(0, len(white), _CACHED):
        some = slice(first, first + _CACHED)
        made[some] = _transform(white[some]).transpose(0, 2, 3, 1)
    return made


def _transform(white: Float32[ndarray, "n d 4096"]) -> Float32[ndarray, "n d 69 129"]:
    spectra = np.fft.rfft(white, n=_PADDED, axis=-1).astype(np.complex64, copy=False)
    pieces = np.concatenate([_filtered(spectra, *group) for group in _filters()], axis=2)
    series = np.fft.ifft(pieces, axis=-1)[..., :FRAMES]
    size = (np.abs(series).astype(np.float32) - np.float32(_MEAN)) / np.float32(_SPREAD)
    size[~white.any(axis=-1)] = 0
    return size


def _filtered(
    spectra: Complex64[ndarray, "n d f"],
    taps: Int[ndarray, "bins taps"],
    weights: Float32[ndarray, "bins taps"],
) -> Complex64[ndarray, "n d bins 256"]:
    """Multiply, and add up in pieces of 64 Hz."""
    products = spectra[:, :, taps] * weights
    folded: ndarray = products.reshape(*products.shape[:3], -1, _PIECE).sum(axis=3)
    return folded


@lru_cache
def _filters() -> tuple[tuple[ndarray, ndarray], ...]:
    """Bins of the padded spectrum and their weights, for the filters of one piece and of two."""
    step_hz = SAMPLE_RATE_HZ / _PADDED
    width_hz = centres_hz() * (2 ** (1 / _BINS_PER_OCTAVE) - 1)  # half the support; f / Q
    groups = []
    for pieces, chosen in enumerate(_by_pieces(2 * width_hz / step_hz), 1):
        start = np.ceil((centres_hz()[chosen] - width_hz[chosen]) / step_hz).astype(int)
        taps = start[:, None] + np.arange(pieces * _PIECE)
        offset = (taps * step_hz - centres_hz()[chosen, None]) / width_hz[chosen, None]
        band = (taps * step_hz >= WIDE.low_hz) & (taps * step_hz <= WIDE.high_hz)
        inside = (np.abs(offset) < 1) & band
        weights = np.where(inside, 1 + np.cos(np.pi * offset), 0)
        weights *= np.sqrt(_level() / (weights**2).sum(axis=1, keepdims=True))
        groups.append((np.minimum(taps, _PADDED // 2), weights.astype(np.float32)))
    return tuple(groups)


def _by_pieces(taps: Float64[ndarray, " bins"]) -> tuple[Int[ndarray, " a"], Int[ndarray, " b"]]:
    """Tell the filters that fit into one piece from those that need two."""
    return np.flatnonzero(taps <= _PIECE), np.flatnonzero(taps > _PIECE)


def _level() -> float:
    """Sum of the squares of a filter's weights that gives white noise the variance 1.

    The noise has variance 1 in the band alone, so a little more density there; an inverse transform
    of 256 values is 32 times that of all 8192.
    """
    density = (SAMPLE_RATE_HZ / 2) / (WIDE.high_hz - WIDE.low_hz)
    return _PADDED / HOP**2 / density
