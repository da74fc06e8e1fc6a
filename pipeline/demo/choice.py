"""What of a run is worth showing."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pipeline.core import Candidate, Origin, Record
from pipeline.decode import Decoder
from pipeline.demo.traffic import Packet, Traffic
from pipeline.report import Gallery
from pipeline.report.pictures import PICTURES
from pipeline.report.seen import Exhibit, Letter, Seen
from pipeline.report.streams import SUBJECTS
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["LETTERS", "galleries", "one_of_each"]

ALERTS = 8
OTHERS = 4
"""How many to show of a stream: of alerts, and of each other kind."""

LETTERS = 16


def galleries(seen: Sequence[Seen], traffic: Traffic, settings: Settings) -> Iterator[Gallery]:
    """Yield what to show of each stream, with pictures of what the network was shown."""
    store = SchemaStore(directory=settings.schemas.directory)
    for name, packets in traffic.items():
        stream = STREAMS[name]
        decoder = Decoder(stream, PacketReader(stream.formats, store))
        ours = [one for one in seen if one.alert.stream == name and one.truth is not None]
        yield from _of_stream(name, ours, packets, decoder)


def _of_stream(
    stream: str, seen: Sequence[Seen], packets: Sequence[Packet], decoder: Decoder
) -> Iterator[Gallery]:
    sent = {event_id: packet.value for packet in packets for event_id in packet.truths}
    subject = SUBJECTS[stream]
    shown: set[str] = set()
    for title, text, is_meant, most in GALLERIES:
        meant = [one for one in seen if is_meant(one)]
        chosen = _spread([one for one in meant if one.alert.alert_id not in shown], most)
        shown.update(one.alert.alert_id for one in chosen)
        said = text.format(positives=subject.positives, negatives=subject.negatives)
        yield Gallery(
            stream=stream,
            title=title,
            text=f"{said} {len(chosen):,} of {len(meant):,} are shown.",
            exhibits=[
                Exhibit(
                    seen=one,
                    pictures=PICTURES[stream](
                        _candidate(decoder, sent[one.alert.event_id], one.alert.source.index)
                    ),
                )
                for one in chosen
            ],
        )


def _candidate(decoder: Decoder, message: bytes, index: int) -> Candidate:
    """Decode one of the records that a message holds."""
    records = decoder.split(Record(message, Origin("", 0, 0)))
    return decoder.decode(records[index].value)


GALLERIES: Sequence[tuple[str, str, Callable[[Seen], bool], int]] = (
    (
        "Alerts",
        "Simulated {positives} at or above the threshold, spread over the run.",
        lambda one: one.alert.is_alert and one.is_right is not False,
        ALERTS,
    ),
    (
        "Left alone",
        "Simulated {negatives} that the network recognised.",
        lambda one: not one.alert.is_alert and one.is_right is True,
        OTHERS,
    ),
    (
        "False alerts",
        "Simulated {negatives} that it took for {positives}.",
        lambda one: one.alert.is_alert and one.is_right is False,
        OTHERS,
    ),
    (
        "Missed",
        "Simulated {positives} below the threshold.",
        lambda one: not one.alert.is_alert and one.is_right is False,
        OTHERS,
    ),
    (
        "Degraded",
        "Samples that had to be mended, such as images at the edge of a detector: what is missing is hatched.",
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
