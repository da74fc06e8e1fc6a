"""How long a message takes from the broker's append until a subscriber has the result.

Packets are published at an even pace to a daemon that is warm, and a reader of
committed data notes when it has each result.  All clocks are this machine's.
"""

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from benchmarks.broker import Broker, open_broker
from benchmarks.machine import describe_machine
from benchmarks.packets import Packets, simulate_packets
from benchmarks.processors import machine_seconds, processor_seconds, wait_until_quiet
from benchmarks.rig import Rig, parse_settings, running_daemon
from pipeline.core import now_us
from pipeline.demo.session import forget_environment
from pipeline.errors import TransientError
from pipeline.files import FileMessage
from pipeline.kafka import consumer_config, make_producer
from pipeline.publish import publish, publisher_config
from pipeline.received import ClassificationReader
from pipeline.simulation.hits import write_schemas

__all__ = ["Options", "measure_latency"]

PARTITIONS = 4
WARM = 30
"""Messages ahead, so that every thread and connection has been used."""

PATIENCE_S = 30.0
QUANTILES = {"p50Ms": 0.5, "p95Ms": 0.95, "p99Ms": 0.99, "maxMs": 1.0}
STAGES = ("broker", "decode", "queueAndInfer", "encode", "commitAndRead")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure."""

    rate_hz: float = 333.0
    seconds: float = 30.0
    lone: int = 15
    """Messages that come alone, one a second."""

    family: str = "ztf"
    broker: str = "auto"
    settings: Sequence[str] = ()
    """Settings of the daemon, as ``workers.max_batch=128``."""

    patience_s: float = 0.0
    """How long to wait until nobody else uses the machine [s]."""


def measure_latency(options: Options, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure, and return what ``--json`` prints.

    Parameters
    ----------
    say
        Told what is being measured.

    Raises
    ------
    TransientError
        If a result does not come.
    """
    forget_environment()
    machine = describe_machine()
    chosen = parse_settings(options.settings)
    steady = max(1, round(options.rate_hz * options.seconds))
    packets = simulate_packets(options.family, steady)
    with tempfile.TemporaryDirectory() as name, open_broker(options.broker) as broker:
        schemas = write_schemas(Path(name))
        # Kafka's own clock, in whole milliseconds; the embedded broker leaves the producer's.
        append = {"message.timestamp.type": "LogAppendTime"}
        with (
            broker.topics("latency", partitions=PARTITIONS, settings=append) as (topic,),
            running_daemon(broker, topic, chosen, schemas=schemas) as rig,
        ):
            way = _Way(broker=broker, rig=rig, topic=topic, packets=packets)
            _follow(way, WARM, 20.0)
            if options.patience_s and not wait_until_quiet(options.patience_s):
                say("others still use the machine")
            say(f"{options.rate_hz:g} messages/s for {options.seconds:g} s")
            flow = _follow(way, steady, options.rate_hz)
            say(f"{options.lone} messages, one a second")
            lone = _follow(way, options.lone, 1.0)
    return {
        "packets": packets.name,
        "meanBytes": round(packets.mean_bytes),
        "broker": broker.name,
        "settings": chosen,
        "rateHz": options.rate_hz,
        "steady": _figures(flow),
        "lone": _figures(lone),
        "machine": machine,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """What a message goes through."""

    broker: Broker
    rig: Rig
    topic: str
    packets: Packets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flow:
    """What was published, and what came of it."""

    published: int
    times_us: np.ndarray
    """Broker, received, decoded, inferred, produced, visible [µs UTC]; shape ``(results, 6)``."""

    batch_sizes: np.ndarray
    other_cores: float
    """Cores that neither daemon nor broker used meanwhile; publisher and reader are in it."""


def _follow(way: _Way, messages: int, rate_hz: float) -> _Flow:
    """Publish, and wait for the results."""
    options = {"bootstrap.servers": way.broker.bootstrap, "linger.ms": 0, "log_level": 3}
    producer = make_producer(publisher_config(options))
    ready = threading.Event()
    began_s, others_s = time.monotonic(), _others_s(way)
    with ThreadPoolExecutor(1) as pool:
        results = pool.submit(_read, way.rig, messages, ready)
        ready.wait(PATIENCE_S)
        sent = publish(producer, way.topic, _messages(way.packets, messages), rate_hz=rate_hz)
        arrived = results.result()
    other_cores = (_others_s(way) - others_s) / (time.monotonic() - began_s)
    if sent.delivered != messages:
        raise TransientError(f"{sent.failed} of {messages} messages could not be published")
    reader = ClassificationReader(fields=frozenset({"times", "batchSize"}))
    records = [reader.read(value) for value, _ in arrived]
    stages = ("broker", "received", "decoded", "inferred", "produced")
    rows = [
        [*(record["times"][stage] for stage in stages), visible_us]
        for record, (_, visible_us) in zip(records, arrived, strict=True)
    ]
    return _Flow(
        published=messages,
        times_us=np.array(rows, np.int64),
        batch_sizes=np.array([record["batchSize"] for record in records]),
        other_cores=other_cores,
    )


def _others_s(way: _Way) -> float:
    return machine_seconds() - processor_seconds({*way.rig.pids, *way.broker.pids})


def _messages(packets: Packets, count: int) -> Iterator[FileMessage]:
    values = itertools.islice(itertools.cycle(packets.values), count)
    return (FileMessage(Path("bench"), number, value) for number, value in enumerate(values))


def _read(rig: Rig, messages: int, ready: threading.Event) -> list[tuple[bytes, int]]:
    """Return committed results that come from now on, each with when we had it [µs UTC]."""
    settings = rig.settings
    consumer = Consumer(consumer_config(settings, group=f"{settings.group}-reader"))
    topic = settings.output.classifications
    arrived: list[tuple[bytes, int]] = []
    try:
        places = [
            TopicPartition(topic, p) for p in consumer.list_topics(topic).topics[topic].partitions
        ]
        for place in places:
            place.offset = consumer.get_watermark_offsets(place, PATIENCE_S)[1] or OFFSET_BEGINNING
        consumer.assign(places)
        consumer.consume(1, 0.5)  # connect
        ready.set()
        moved_s = time.monotonic()
        while len(arrived) < messages:
            first = consumer.poll(0.5)
            batch = [] if first is None else [first, *consumer.consume(1000, 0)]
            visible_us = now_us()
            fine = [(m.value() or b"", visible_us) for m in batch if m.error() is None]
            arrived += fine
            moved_s = time.monotonic() if fine else moved_s
            if time.monotonic() - moved_s > PATIENCE_S:
                raise TransientError(f"{len(arrived)} of {messages} results came, and no more do")
    finally:
        ready.set()
        consumer.close()
    return arrived


def _figures(flow: _Flow) -> dict[str, Any]:
    """Return quantiles of the whole way and of each stage [ms]."""
    spans = np.diff(flow.times_us, axis=1) / 1000
    whole = (flow.times_us[:, -1] - flow.times_us[:, 0]) / 1000
    return {
        "published": flow.published,
        "visible": len(whole),
        **_quantiles(whole),
        "stages": {name: _quantiles(span) for name, span in zip(STAGES, spans.T, strict=True)},
        "meanBatch": round(float(flow.batch_sizes.mean()), 1),
        "otherCores": round(flow.other_cores, 2),
    }


def _quantiles(values_ms: np.ndarray) -> dict[str, float]:
    return {name: round(float(np.quantile(values_ms, q)), 2) for name, q in QUANTILES.items()}
