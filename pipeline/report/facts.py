"""What a card says of an alert that only alerts of its stream have."""

from collections.abc import Sequence

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.core import Flux, StrainEvent
from pipeline.received import ReceivedAlert
from pipeline.report.html import Markup, tag

__all__ = ["fact", "special_facts"]


def fact(name: str, *value: str) -> tuple[Markup, Markup]:
    """Return a term and what is said of it, for a list of definitions."""
    return tag("dt", name), tag("dd", *value)


def special_facts(alert: ReceivedAlert) -> Sequence[Markup]:
    """Return detector and channel, the flux with its interval, or what is said of strain."""
    facts: list[Markup] = []
    if alert.detector is not None:
        channel = "" if alert.channel is None else f", channel {alert.channel}"
        facts += fact("detector", f"{alert.detector}{channel}")
    if alert.flux is not None:
        facts += fact("flux", _flux(alert.flux))
    if alert.strain is not None:
        facts += _strain(alert.strain)
    elif alert.stream == "strain":
        there = [name for name in DETECTORS if not alert.quality.get(f"missing{name}")]
        facts += fact("detectors", ", ".join(there))
    return facts


def _flux(flux: Flux) -> str:
    low_kev, high_kev = flux.band_kev
    return (
        f"{flux.mcrab:.3g} mCrab in {low_kev:g} to {high_kev:g} keV; "
        f"{flux.low_mcrab:.3g} to {flux.high_mcrab:.3g} with {flux.confidence:.0%}"
    )


def _strain(event: StrainEvent) -> Sequence[Markup]:
    first, last = event.windows[0], event.windows[-1]
    loudest = max(window.score for window in event.windows)
    span = f"{len(event.windows)} from GPS {first.gps_start:.2f} to {last.gps_start:.2f} s"
    return [
        *fact("detectors", ", ".join(event.detectors)),
        *fact("false alarms", f"{event.far_hz:.2g} Hz, counted in simulated noise"),
        *fact("windows", f"{span}, the loudest {loudest:.4f}"),
    ]
