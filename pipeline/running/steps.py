"""What the reader hands to the writer of running strain, in order: windows, messages, ends of series."""

from dataclasses import dataclass

from pipeline.core import Record
from pipeline.errors import InvalidMessage
from pipeline.running.events import Events, Piece
from pipeline.running.windows import Window

__all__ = ["Asked", "Ended", "Passed", "RunningStep"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A window on its way to the network."""

    record: Record
    """The message that completed it."""

    decoded_us: int
    window: Window
    events: Events
    survey: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that no later window will have, or that is wrong."""

    record: Record
    decoded_us: int
    piece: Piece | None
    """None where there is an error."""

    events: Events
    survey: str
    error: InvalidMessage | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """A series is over: time has leapt, or a file has no more."""

    record: Record
    decoded_us: int
    events: Events
    survey: str
    rows: int = 0


RunningStep = Asked | Passed | Ended
