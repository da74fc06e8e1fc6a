"""Noise of the detectors in the fourth observing run: amplitude spectral density against frequency.

The two design curves of LIGO-T2000012 ("high": LIGO at 190 Mpc, Virgo at its O4 target), which are
what the strain of the G2Net competition was coloured with. They are tabulated here by the few nodes
that a straight line in ln(density) over ln(frequency) needs to stay within 5 % of the published curve
everywhere, narrow lines included; `tests/models/strain_resnet` compares them where the files are.

References
----------
Abbott et al. 2020, Living Reviews in Relativity 23, 3; LIGO-T2000012.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

__all__ = ["DETECTORS", "HIGHEST_HZ", "LOWEST_HZ", "asd"]

DETECTORS = ("H1", "L1", "V1")
"""LIGO Hanford, LIGO Livingston, Virgo: the order of every detector axis."""

LOWEST_HZ = 10.2
"""Where the curves begin. The competition's strain has next to no power below."""

HIGHEST_HZ = 1028.0

_UNIT = 1e-24

_LIGO_NODES = """\
10.217 6663, 10.403 5383, 11.009 3727, 11.21 2820, 11.783 2524, 11.998 1896, 12.385 1976,
12.611 1503, 12.812 1555, 13.195 1325, 13.406 1822, 13.528 3380, 13.589 4164, 13.62 4171,
13.995 2213, 14.219 1174, 14.413 769.6, 14.81 549.9, 15.013 531.2, 15.602 334.3,
16.032 308.7, 16.399 229.1, 16.774 219.7, 17.004 170.8, 17.197 172.4, 17.591 122,
17.791 120.2, 18.406 91.75, 18.999 63.68, 19.969 43.97, 20.196 47.94, 20.426 37.73,
22.011 25.22, 23.03 17.73, 23.611 17.08, 23.988 14.79, 24.372 15.17, 24.761 13.76,
26.803 11.49, 27.417 11.29, 27.792 12.32, 27.981 11.23, 28.622 10.44, 29.611 10.22,
29.812 10.85, 30.564 9.366, 31.763 9.265, 33.766 7.906, 37.557 7.3, 37.727 19.89,
37.813 25.77, 37.899 17.19, 37.985 8.597, 38.071 7.008, 39.386 6.623, 40.931 6.395,
41.21 7.649, 41.397 6.348, 41.491 6.319, 56.966 5.092, 58.007 5.138, 58.402 6.389,
58.8 5.256, 59.47 5.127, 59.74 5.431, 59.875 10.28, 60.011 17.52, 60.147 8.674,
60.283 5.203, 60.969 4.984, 75.259 4.418, 75.6 4.784, 76.982 4.353, 130.17 3.582,
304.94 3.035, 305.64 7.989, 306.33 34.49, 307.02 3.035, 454.23 3.123, 463.58 3.154,
465.69 3.438, 466.74 3.183, 479.6 3.161, 495.04 3.333, 496.16 4.449, 497.29 3.398,
498.42 3.297, 508.68 3.243, 1028.6 4.633
"""
"""Frequency [Hz] and density [1e-24/sqrt(Hz)]: `aligo_O4high`, for H1 and L1."""

_VIRGO_NODES = """\
10 1491, 20.946 79.85, 28.389 25.83, 35.742 13.22, 44.691 9.101, 57.843 7.434, 91.479 6.1,
270.07 4.764, 436.06 5.044, 437.07 5.162, 438.07 12.36, 439.08 5.117, 441.11 5.037,
657.06 5.935, 1029.6 8.072
"""
"""The same of `avirgo_O4high_NEW`, for V1."""


def asd(detector: str, frequencies_hz: Float64[ndarray, " f"]) -> Float64[ndarray, " f"]:
    """Amplitude spectral density of a detector's noise [1/sqrt(Hz)], one-sided.

    Below `LOWEST_HZ` and above `HIGHEST_HZ` it stays at the value there.

    Raises
    ------
    ValueError
        If there is no curve of that name.

    Examples
    --------
    >>> print(f"{asd('H1', np.array([100.0]))[0]:.2e}")
    3.95e-24
    """
    if detector not in DETECTORS:
        raise ValueError(f"no noise curve for {detector!r}: there are {', '.join(DETECTORS)}")
    log_hz, log_asd = _table(_VIRGO_NODES if detector == "V1" else _LIGO_NODES)
    safe_hz = np.maximum(frequencies_hz, LOWEST_HZ)
    density: Float64[ndarray, " f"] = np.exp(np.interp(np.log(safe_hz), log_hz, log_asd))
    return density


@lru_cache
def _table(nodes: str) -> tuple[ndarray, ndarray]:
    pairs = np.array([pair.split() for pair in nodes.split(",")], dtype=np.float64)
    return np.log(pairs[:, 0]), np.log(pairs[:, 1] * _UNIT)
