"""Which channels of a frame file hold strain and its state: names of detectors and of epochs."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

__all__ = ["CHANNELS", "Channels", "DetectorChannels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorChannels:
    """Names to look for, the first that a frame has is taken."""

    strain: tuple[str, ...]

    state: tuple[str, ...]
    """Words of bits, see `pipeline.streams.strain.quality`.

    A frame without any of them says nothing of its quality, and all of its strain is used.
    """


Channels: TypeAlias = Mapping[str, DetectorChannels]
"""By detector, such as ``"H1"``."""


def _ligo(detector: str) -> DetectorChannels:
    return DetectorChannels(
        strain=(
            f"{detector}:GDS-CALIB_STRAIN",  # live, as Aframe reads it
            f"{detector}:GWOSC-16KHZ_R1_STRAIN",  # files of GWOSC
            f"{detector}:GWOSC-4KHZ_R1_STRAIN",
            f"{detector}:LDAS-STRAIN",  # the sixth science run, 2010
        ),
        state=(
            f"{detector}:GDS-CALIB_STATE_VECTOR",
            f"{detector}:GWOSC-16KHZ_R1_DQMASK",
            f"{detector}:GWOSC-4KHZ_R1_DQMASK",
        ),
    )


CHANNELS: Channels = MappingProxyType(
    {
        "H1": _ligo("H1"),
        "L1": _ligo("L1"),
        "V1": DetectorChannels(
            strain=(
                "V1:Hrec_hoft_16384Hz",  # live
                "V1:GWOSC-16KHZ_R1_STRAIN",
                "V1:GWOSC-4KHZ_R1_STRAIN",
                "V1:h_16384Hz",  # the third Virgo science run, 2010
            ),
            state=(
                "V1:DQ_ANALYSIS_STATE_VECTOR",
                "V1:GWOSC-16KHZ_R1_DQMASK",
                "V1:GWOSC-4KHZ_R1_DQMASK",
            ),
        ),
    }
)
"""The names of the live detectors, of GWOSC, and of 2010."""
