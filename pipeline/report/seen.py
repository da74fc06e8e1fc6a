"""What a subscriber has seen of a run, and what of it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.core import Origin
from pipeline.received import ReceivedAlert
from pipeline.report.pictures import Picture

__all__ = ["STAGES", "Exhibit", "Letter", "Seen", "Stage", "Truth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the simulator made, which no survey would tell."""

    is_positive: bool
    """Whether it is what the network looks for."""

    kind: str
    """Such as ``"transient"`` or ``"cosmic ray"``."""

    snr: float | None = None
    """Signal-to-noise ratio that it was given [dimensionless]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A classification, and when a subscriber of committed data had it."""

    alert: ReceivedAlert
    seen_us: int
    """[µs UTC]"""

    family: str
    """Family of the packet, such as ``"ZTF"``."""

    truth: Truth | None = None

    @property
    def is_right(self) -> bool | None:
        """Whether the alert agrees with the simulator; None if that is not known."""
        return None if self.truth is None else self.alert.is_alert == self.truth.is_positive

    @property
    def moments_us(self) -> tuple[int, ...]:
        """When it passed each stage, as `STAGES` has them, and the start before [µs UTC]."""
        times = self.alert.times
        begin_us = times.received_us if times.broker_us is None else times.broker_us
        return (
            begin_us,
            times.received_us,
            times.decoded_us,
            times.inferred_us,
            times.produced_us,
            self.seen_us,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Part of a message's way, between two of the times that it carries."""

    name: str
    meaning: str


STAGES: Sequence[Stage] = (
    Stage(name="fetch", meaning="in the broker, until the worker has it"),
    Stage(name="decode", meaning="bytes to samples, samples to the network's input"),
    Stage(name="infer", meaning="waiting for the network, and the network"),
    Stage(name="encode", meaning="waiting for the writer, and encoding the answer"),
    Stage(name="commit", meaning="committing the transaction, and on to the subscriber"),
)
"""In the order in which a message passes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter: a message that nothing can be said of, and why."""

    source: Origin
    stage: str
    """Where the daemon gave up."""

    error: str
    """Name of the error."""

    reason: str
    size: int
    """Length of the message [B]."""

    beginning: bytes
    """Its first bytes."""

    broken: str | None = None
    """What the simulator broke; None if it broke nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A classification with pictures of what the network was shown."""

    seen: Seen
    pictures: Sequence[Picture]
