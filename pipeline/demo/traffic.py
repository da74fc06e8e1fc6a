"""The messages of the demo, made before it begins: simulating them takes longer than judging them."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.demo.breakage import BREAKAGES
from pipeline.demo.lineup import Part, messages_hz
from pipeline.files import FileMessage
from pipeline.report.seen import Truth
from pipeline.simulation import SIMULATED
from pipeline.simulation.packet import SimulatedPacket
from pipeline.wire import join_containers

__all__ = ["FAMILY_NAMES", "Packet", "Traffic", "count_messages", "messages", "simulate_traffic"]

FAMILY_NAMES: Mapping[str, str] = {
    "native": "HiTS",
    "ztf": "ZTF",
    "lsst": "Rubin",
    "maxi": "MAXI",
    "strain": "segment",
    "xgamma": "spectrometer",
}
"""What people call the families of simulated packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A message to publish, and the truth about it."""

    value: bytes
    family: str
    truths: Mapping[str, Truth]
    """Of the records that can be classified, by event id."""

    broken: str | None = None
    """How it, or one of its records, was broken; None if it is as the survey would send it."""

    @property
    def results(self) -> int:
        """How many results the daemon owes: one for each record, and for a message that holds none."""
        return len(self.truths) + (self.broken is not None)


Traffic = Mapping[str, Sequence[Packet]]
"""Messages by stream, which is also their topic."""


def count_messages(parts: Sequence[Part], seconds: float, rate_hz: float) -> Mapping[str, int]:
    """Return how many messages each stream sends, at least one.

    Parameters
    ----------
    seconds
        How long [s].
    rate_hz
        Records a second, of all streams together.
    """
    return {
        part.stream: max(round(seconds * messages_hz(part, parts, rate_hz)), 1) for part in parts
    }


def simulate_traffic(
    parts: Sequence[Part],
    counts: Mapping[str, int],
    seed: int,
    *,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Traffic:
    """Simulate messages of all streams, some of them broken.

    Parameters
    ----------
    counts
        How many of each stream.
    seed
        The same seed makes the same messages.
    stop
        Asked after each; true ends it early.
    progress
        Called with the number made so far, after each.
    """
    made: dict[str, list[Packet]] = {part.stream: [] for part in parts}
    number = 0
    for part in parts:
        for packet in itertools.islice(_packets(part, seed), counts[part.stream]):
            if stop():
                return made
            made[part.stream].append(packet)
            number += 1
            progress(number)
    return made


def _packets(part: Part, seed: int) -> Iterator[Packet]:
    waiting = itertools.cycle(BREAKAGES[part.stream])
    breakage = next(waiting)
    due = part.every // 2
    simulated = SIMULATED[part.stream](seed)
    for number in itertools.count():
        group = list(itertools.islice(simulated, part.records))
        value = join_containers([one.data for one in group]) if len(group) > 1 else group[0].data
        broken = None
        if number >= due and group[0].family == breakage.family:
            value, broken = breakage.broken(value), breakage.name
            group = [] if breakage.is_whole else group[1:]
            family = breakage.family
            breakage = next(waiting)
            due += part.every
        else:
            family = group[0].family
        yield Packet(value=value, family=family, truths=_truths(group), broken=broken)


def _truths(group: Sequence[SimulatedPacket]) -> Mapping[str, Truth]:
    return {
        str(one.event_id): Truth(is_positive=one.label == 1, kind=one.kind, snr=one.snr)
        for one in group
    }


def messages(packets: Sequence[Packet]) -> Iterator[FileMessage]:
    """Yield what `pipeline.publish` sends; its headers will say which packet it was."""
    for number, packet in enumerate(packets):
        yield FileMessage(Path(f"simulated.{packet.family}.avro"), number, packet.value)
