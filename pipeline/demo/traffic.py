"""The packets of the demo, made before it begins: simulating them takes longer than judging them."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.breakage import BREAKAGES
from pipeline.files import FileMessage
from pipeline.report.seen import Truth
from pipeline.simulation.hits import simulated_packets
from pipeline.simulation.packet import SimulatedPacket

__all__ = ["EVERY", "FAMILY_NAMES", "Packet", "messages", "simulate_traffic"]

EVERY = 50
"""One packet in so many is broken on purpose."""

FAMILY_NAMES: Mapping[str, str] = {"native": "HiTS", "ztf": "ZTF", "lsst": "Rubin"}
"""What people call the families of `pipeline.simulation.hits`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A message to publish, and the truth about it."""

    value: bytes
    family: str
    event_id: str
    truth: Truth
    broken: str | None = None
    """How it was broken; None if it is as the survey would send it."""


def simulate_traffic(
    count: int,
    seed: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Sequence[Packet]:
    """Simulate packets of all families in turn, one in `EVERY` of them broken.

    Parameters
    ----------
    seed
        The same seed makes the same packets.
    stop
        Asked after each; true ends it early.
    progress
        Called with the number made so far, after each.
    """
    made: list[Packet] = []
    for packet in _broken_now_and_then(simulated_packets(seed)):
        if stop() or len(made) >= count:
            break
        made.append(packet)
        progress(len(made))
    return made


def _broken_now_and_then(packets: Iterator[SimulatedPacket]) -> Iterator[Packet]:
    waiting = itertools.cycle(BREAKAGES)
    breakage = next(waiting)
    due = EVERY // 2
    for number, packet in enumerate(packets):
        value, broken = packet.data, None
        if number >= due and packet.family == breakage.family:
            value, broken = breakage.broken(value), breakage.name
            breakage = next(waiting)
            due += EVERY
        yield Packet(
            value=value,
            family=packet.family,
            event_id=str(packet.event_id),
            truth=Truth(is_positive=packet.label == 1, kind=packet.kind, snr=packet.snr),
            broken=broken,
        )


def messages(packets: Sequence[Packet]) -> Iterator[FileMessage]:
    """Yield what `pipeline.publish` sends; its headers will say which packet it was."""
    for number, packet in enumerate(packets):
        yield FileMessage(Path(f"simulated.{packet.family}.avro"), number, packet.value)
