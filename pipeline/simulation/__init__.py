"""Packets with known truth, in the wire formats of the instruments: a module for each stream.

=========  =====================================================================
`packet`   what a simulated packet is, and a folder of them
`hits`     candidates of image subtraction; `hits_packets` writes them as three surveys do
`maxi`     one-orbit images; `maxi_events` writes the photons behind them
`strain`   segments of detector strain; `strain_frames` writes files of running detectors
`xgamma`   pulses of a spectrometer
=========  =====================================================================

What is simulated, and how, is the business of ``models/<network>/simulate.py``.  `SIMULATED` has
the packets of every stream; simulators are imported when they are asked.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from pipeline.simulation.packet import SimulatedPacket

__all__ = ["SIMULATED"]


def _hits(seed: int) -> Iterator[SimulatedPacket]:
    from pipeline.simulation.hits import simulated_packets

    return simulated_packets(seed)


def _maxi(seed: int) -> Iterator[SimulatedPacket]:
    from pipeline.simulation.maxi import simulated_packets

    return simulated_packets(seed)


def _strain(seed: int) -> Iterator[SimulatedPacket]:
    from pipeline.simulation.strain import simulated_segments

    return simulated_segments(seed)


def _xgamma(seed: int) -> Iterator[SimulatedPacket]:
    from pipeline.simulation.xgamma import simulated_packets

    return simulated_packets(seed)


SIMULATED: Mapping[str, Callable[[int], Iterator[SimulatedPacket]]] = MappingProxyType(
    {"hits": _hits, "maxi": _maxi, "strain": _strain, "xgamma": _xgamma}
)
"""By stream: for a seed, its packets for ever; the same seed makes the same ones."""
