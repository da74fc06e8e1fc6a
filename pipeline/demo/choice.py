"""What of a run is worth showing."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.decode import Decoder
from pipeline.demo.traffic import Packet
from pipeline.report import Gallery
from pipeline.report.pictures import PICTURES
from pipeline.report.seen import Exhibit, Letter, Seen
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from pipeline.stream import Stream
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["LETTERS", "galleries", "one_of_each"]

ALERTS = 12
OTHERS = 6
"""How many to show: of alerts, and of each other kind."""

LETTERS = 12


def galleries(
    seen: Sequence[Seen], traffic: Sequence[Packet], settings: Settings
) -> Iterator[Gallery]:
    """Yield what to show of each stream, with pictures of what the network was shown."""
    packets = {packet.event_id: packet for packet in traffic}
    for name, stream in STREAMS.items():
        if name in settings.streams:
            ours = [one for one in seen if one.alert.stream == name]
            yield from _of_stream(stream, ours, packets, settings)


def _of_stream(
    stream: Stream, seen: Sequence[Seen], packets: dict[str, Packet], settings: Settings
) -> Iterator[Gallery]:
    store = SchemaStore(directory=settings.schemas.directory)
    decoder = Decoder(stream, PacketReader(stream.formats, store))
    shown: set[str] = set()

    def gallery(title: str, text: str, is_meant: Callable[[Seen], bool], most: int) -> Gallery:
        meant = [one for one in seen if is_meant(one)]
        chosen = _spread([one for one in meant if one.alert.alert_id not in shown], most)
        shown.update(one.alert.alert_id for one in chosen)
        exhibits = [
            Exhibit(
                seen=one,
                pictures=PICTURES[stream.name](decoder.decode(packets[one.alert.event_id].value)),
            )
            for one in chosen
        ]
        return Gallery(
            title=title,
            text=f"{text} {len(exhibits):,} of {len(meant):,} are shown.",
            exhibits=exhibits,
        )

    for title, text, is_meant, most in GALLERIES:
        yield gallery(title, text, is_meant, most)


GALLERIES: Sequence[tuple[str, str, Callable[[Seen], bool], int]] = (
    (
        "Alerts",
        "Simulated real sources at or above the threshold, spread over the run.",
        lambda one: one.alert.is_alert and one.is_right is not False,
        ALERTS,
    ),
    (
        "Left alone",
        "Simulated artefacts that the network recognised.",
        lambda one: not one.alert.is_alert and one.is_right is True,
        OTHERS,
    ),
    (
        "False alerts",
        "Simulated artefacts that it took for real.",
        lambda one: one.alert.is_alert and one.is_right is False,
        OTHERS,
    ),
    (
        "Missed",
        "Simulated real sources below the threshold.",
        lambda one: not one.alert.is_alert and one.is_right is False,
        OTHERS,
    ),
    (
        "Degraded",
        "Stamps that had to be mended, such as at the edge of a detector. Hatched pixels are missing.",
        lambda one: one.alert.status == "degraded",
        OTHERS,
    ),
)
"""Title, text, what is meant, and how many to show."""


def _spread(seen: Sequence[Seen], most: int) -> Sequence[Seen]:
    """Choose evenly from beginning to end."""
    if len(seen) <= most:
        return seen
    return [seen[int(k)] for k in np.linspace(0, len(seen) - 1, most)]


def one_of_each(letters: Sequence[Letter]) -> Sequence[Letter]:
    """Choose dead letters: those that nobody broke, then one for each way of breaking."""
    ours = {(letter.broken, letter.error): letter for letter in reversed(letters) if letter.broken}
    strange = [letter for letter in letters if not letter.broken]
    return [*strange, *sorted(ours.values(), key=lambda letter: letter.reason)][:LETTERS]
