"""Messages a second of the real daemon, over what the bare network does in the same run.

Each run has topics of its own.  The input is filled before, inside a transaction that is
committed when all workers wait for it.  The bare network is measured before and after each
run, with the processes and threads that the daemon uses, so that both meet the same machine.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bare import Bare, Case, measure_bare
from benchmarks.broker import Broker, open_broker
from benchmarks.machine import describe_machine
from benchmarks.packets import Packets, fill, find_packets, simulate_packets
from benchmarks.plain_loop import WARM
from benchmarks.processors import wait_until_quiet
from benchmarks.progress import steady, watch
from benchmarks.rig import parse_settings, running_daemon
from pipeline.audit import audit
from pipeline.demo.session import forget_environment
from pipeline.errors import TransientError
from pipeline.settings import WorkerSettings
from pipeline.simulation.hits import write_schemas
from pipeline.supervisor import cores

__all__ = ["DELIVERIES", "Options", "measure_throughput"]

PARTITIONS = 8
DELIVERIES = ("effectively_once", "at_least_once")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure."""

    family: str = "native"
    packets: Path | None = None
    """Folder of real packets, instead of simulated ones."""

    schemas: Path | None = None
    messages: int = 40_000
    runs: int = 3
    deliveries: Sequence[str] = DELIVERIES
    plain_messages: int = 200
    """Messages for the plain consumer loop; 0 leaves it out."""

    broker: str = "auto"
    settings: Sequence[str] = ()
    """Settings of the daemon, as ``workers.max_batch=128``."""

    bare_seconds: float = 0.5
    """Length of one of five repeats of the bare network [s]."""

    patience_s: float = 0.0
    """How long to wait before each run until nobody else uses the machine [s]."""


def measure_throughput(options: Options, say: Say) -> dict[str, Any]:
    """Measure, and return what ``--json`` prints.

    Parameters
    ----------
    say
        Told what is being measured.

    Raises
    ------
    ConfigurationError
        If the packets, the broker or a setting cannot be had.
    TransientError
        If the daemon does not do its work, or the ledger does not add up.
    """
    forget_environment()
    machine = describe_machine()
    chosen = parse_settings(options.settings)
    case = _case(chosen, options.bare_seconds)
    if options.packets is None:
        packets = simulate_packets(options.family, options.messages)
    else:
        packets = find_packets(options.packets, options.schemas)
    runs: list[dict[str, Any]] = []
    plain = None
    with tempfile.TemporaryDirectory() as name, open_broker(options.broker) as broker:
        schemas = options.schemas or write_schemas(Path(name))
        for delivery in tuple(options.deliveries) * options.runs:
            if options.patience_s and not wait_until_quiet(options.patience_s):
                say("others still use the machine")
            before = measure_bare(case)
            settings = {**chosen, "delivery": delivery}
            run = _measure_run(broker, packets, settings, options.messages, schemas)
            runs.append(_beside(run, before, measure_bare(case)))
            say(_line(runs[-1]))
        if options.plain_messages:
            say(f"the plain consumer loop, {options.plain_messages} messages")
            plain = _measure_plain(broker, packets, options.plain_messages, schemas)
    return {
        "packets": packets.name,
        "distinct": len(packets.values),
        "meanBytes": round(packets.mean_bytes),
        "messages": options.messages,
        "partitions": PARTITIONS,
        "broker": broker.name,
        "settings": chosen,
        "workers": case.processes,
        "threads": case.threads,
        "runs": runs,
        **_summary(runs, plain),
        "machine": machine,
    }


def _case(chosen: Mapping[str, Any], seconds: float) -> Case:
    """Return the bare network as the daemon will run it."""
    defaults = WorkerSettings()
    given = {key.removeprefix("workers."): v for key, v in chosen.items() if "workers." in key}
    count = given.get("count", "auto")
    workers = cores() if count == "auto" else int(count)
    return Case(
        runtime=given.get("runtime", defaults.runtime),
        precision=given.get("precision", defaults.precision),
        threads=given.get("threads") or max(1, cores() // workers),
        batches=(given.get("max_batch", defaults.max_batch),),
        processes=workers,
        seconds=seconds,
    )


def _measure_run(
    broker: Broker, packets: Packets, settings: Mapping[str, Any], messages: int, schemas: Path
) -> dict[str, Any]:
    with broker.topics("throughput", partitions=PARTITIONS) as (topic,):
        hidden = fill(broker.bootstrap, topic, packets, messages, PARTITIONS)
        with running_daemon(broker, topic, settings, schemas=schemas) as rig:
            hidden.commit_transaction()
            samples = watch(broker, rig, topic, partitions=PARTITIONS, messages=messages)
            ledger = audit(rig.settings)
    state = steady(samples)
    total = ledger.as_json()["total"]
    if not ledger.adds_up or total["consumed"] != messages:
        raise TransientError(f"the ledger does not add up: {total}")
    return {
        "delivery": settings["delivery"],
        "messagesPerSecond": round(state.messages_per_s, 1),
        "daemonCores": round(state.daemon_cores, 2),
        "brokerCores": round(state.broker_cores, 2),
        "otherCores": round(state.other_cores, 2),
        **{name: total[name] for name in ("consumed", "classified", "deadLettered")},
    }


def _beside(run: dict[str, Any], before: Bare, after: Bare) -> dict[str, Any]:
    """Add what the bare network did just before and after a run."""
    rates = [rate for bare in (before, after) for rate in bare.medians.values()]
    return run | {
        "network": f"{before.runtime} {before.precision}",
        "bareSamplesPerSecond": [round(rate, 1) for rate in rates],
        "bareOtherCores": [round(bare.other_cores, 2) for bare in (before, after)],
        "ratioToBare": round(run["messagesPerSecond"] / (sum(rates) / len(rates)), 3),
    }


def _line(run: Mapping[str, Any]) -> str:
    before, after = run["bareSamplesPerSecond"]
    return (
        f"{run['delivery']}: {run['messagesPerSecond']:,.0f} messages/s; bare {run['network']}"
        f" {before:,.0f} before and {after:,.0f} samples/s after; ratio {run['ratioToBare']:.2f};"
        f" cores: daemon {run['daemonCores']}, broker {run['brokerCores']}, others {run['otherCores']}"
    )


def _measure_plain(broker: Broker, packets: Packets, messages: int, schemas: Path) -> float:
    with broker.topics("plain", "plain-results", partitions=1) as (topic, output):
        fill(broker.bootstrap, topic, packets, messages + WARM + 1, 1).commit_transaction()
        return _run_plain(
            {
                "bootstrap": broker.bootstrap,
                "topic": topic,
                "output": output,
                "messages": messages,
                "schemas": str(schemas),
            }
        )


def _run_plain(arguments: Mapping[str, Any]) -> float:
    command = [sys.executable, "-m", "benchmarks.plain_loop", json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise TransientError(f"the plain consumer loop failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])


def _summary(runs: Sequence[Mapping[str, Any]], plain: float | None) -> dict[str, Any]:
    """Return medians and what they are to one another."""

    def middle(key: str, delivery: str) -> float | None:
        values = [run[key] for run in runs if run["delivery"] == delivery]
        return median(values) if values else None

    once, least = (middle("messagesPerSecond", delivery) for delivery in DELIVERIES)
    ratios = [middle("ratioToBare", delivery) for delivery in DELIVERIES]
    best = once or least
    bare = median(rate for run in runs for rate in run["bareSamplesPerSecond"])
    return {
        "network": runs[0]["network"],
        "bareSamplesPerSecond": bare,
        "messagesPerSecond": dict(zip(DELIVERIES, (once, least), strict=True)),
        "ratioToBare": dict(zip(DELIVERIES, ratios, strict=True)),
        # Of the ratios: the machine may have changed its speed between the runs.
        "transactionsCostPercent": round(100 * (1 - ratios[0] / ratios[1]), 1)
        if ratios[0] and ratios[1]
        else None,
        "plainLoopMessagesPerSecond": None if plain is None else round(plain, 1),
        "ratioToPlainLoop": None if plain is None or best is None else round(best / plain, 1),
    }
