"""Messages a second of the real daemon, over what the bare network does in the same run.

The topic is filled before, and all runs read the same one with a group and
outputs of their own.  The bare network is measured between the runs, with the
processes and threads that the daemon uses, so that both meet the same machine.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.bare import Case, measure_bare
from benchmarks.broker import Broker, open_broker
from benchmarks.machine import describe_machine
from benchmarks.packets import fill, find_packets, simulate_packets
from benchmarks.progress import steady, watch
from benchmarks.rig import parse_settings, running_daemon
from pipeline.audit import audit
from pipeline.demo.session import forget_environment
from pipeline.errors import TransientError
from pipeline.settings import WorkerSettings
from pipeline.simulate import write_schemas
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


@dataclass(slots=True)
class _Found:
    """What was measured so far."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    """Samples a second of the bare network, in order of time."""

    network: str = ""

    def rate(self, delivery: str) -> float | None:
        """Return the median of the runs with this delivery."""
        rates = [r["messagesPerSecond"] for r in self.runs if r["delivery"] == delivery]
        return median(rates) if rates else None


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
    found = _Found()
    plain = None
    with (
        tempfile.TemporaryDirectory() as name,
        open_broker(options.broker) as broker,
        broker.topics("throughput", "plain", partitions=PARTITIONS) as (topic, plain_topic),
    ):
        schemas = options.schemas or write_schemas(Path(name))
        say(f"filling a topic of {broker.name} with {options.messages} messages")
        fill(broker.bootstrap, topic, packets, options.messages, PARTITIONS)
        _measure_bare(case, found, say)
        for delivery in tuple(options.deliveries) * options.runs:
            run = {**chosen, "delivery": delivery}
            found.runs.append(_measure_run(broker, topic, run, options.messages, schemas))
            say(f"daemon, {delivery}: {found.runs[-1]['messagesPerSecond']:,.0f} messages/s")
            _measure_bare(case, found, say)
        if options.plain_messages:
            say(f"the plain consumer loop, {options.plain_messages} messages")
            arguments = {
                "bootstrap": broker.bootstrap,
                "topic": topic,
                "output": plain_topic,
                "messages": options.plain_messages,
                "schemas": str(schemas),
            }
            plain = _measure_plain(arguments)
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
        **_summary(found, plain),
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


def _measure_bare(case: Case, found: _Found, say: Say) -> None:
    bare = measure_bare(case)
    (rate,) = bare.medians.values()
    found.bare.append(rate)
    found.network = f"{bare.runtime} {bare.precision}"
    say(f"bare network ({found.network}): {rate:,.0f} samples/s")


def _measure_run(
    broker: Broker, topic: str, settings: Mapping[str, Any], messages: int, schemas: Path
) -> dict[str, Any]:
    with running_daemon(broker, topic, settings, schemas=schemas) as rig:
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
        **{name: total[name] for name in ("consumed", "classified", "deadLettered")},
    }


def _measure_plain(arguments: Mapping[str, Any]) -> float:
    command = [sys.executable, "-m", "benchmarks.plain_loop", json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise TransientError(f"the plain consumer loop failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1])


def _summary(found: _Found, plain: float | None) -> dict[str, Any]:
    """Return medians and what they are to one another."""
    bare = median(found.bare)
    once, least = (found.rate(delivery) for delivery in DELIVERIES)
    best = once or least
    return {
        "network": found.network,
        "runs": found.runs,
        "bareSamplesPerSecond": {
            "median": round(bare, 1),
            "all": [round(rate, 1) for rate in found.bare],
        },
        "messagesPerSecond": {"effectively_once": once, "at_least_once": least},
        "ratioToBare": None if best is None else round(best / bare, 3),
        "transactionsCostPercent": None
        if once is None or least is None
        else round(100 * (1 - once / least), 1),
        "plainLoopMessagesPerSecond": None if plain is None else round(plain, 1),
        "ratioToPlainLoop": None if plain is None or best is None else round(best / plain, 1),
    }
