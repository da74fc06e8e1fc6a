"""How long after a window's last sample its alert is there: ``python -m benchmarks.running_latency``.

Simulated strain of two detectors with a merger every ten seconds is played in real time through Kafka
to a daemon, as frames of one second: a frame is published when its last sample has been. A reader of
committed data notes when it has each event. What lies between is mostly meant: the whitening gives up
two seconds at the end of its buffer, an event is decided when a second of quiet windows has followed
it, and a frame holds a second.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.broker import Broker, open_broker
from benchmarks.machine import describe_machine
from benchmarks.rig import running_daemon
from models.strain_resnet.buffer_whitening import WINDOW_S
from models.strain_resnet.simulate_running import simulate_running
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.core import now_us
from pipeline.demo.session import forget_environment
from pipeline.files import FileMessage
from pipeline.kafka import consumer_config, make_consumer, make_producer
from pipeline.publish import publish, publisher_config
from pipeline.received import ClassificationReader
from pipeline.settings import Settings
from pipeline.simulation.hits import write_schemas
from pipeline.streams.strain.hdf5 import write_hdf5

__all__ = ["main"]

GPS_S = 1_400_000_000
LEAD_S = 20
"""Before the first merger: the noise must be known [s]."""

APART_S = 10
REST_S = 8.0
"""How long to read on when all is published [s]."""


def main() -> None:
    """Print the latencies."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mergers", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    forget_environment()
    with open_broker("kafka") as broker, tempfile.TemporaryDirectory() as schemas:
        found = _measure(broker, arguments.mergers, write_schemas(Path(schemas)))
    text = {
        "data": "simulated",
        "mergers": arguments.mergers,
        "events": len(found),
        "fromWindowsLastSampleS": _middle([after for _, after in found]),
        "fromLastMessageNeededMs": _middle([1e3 * own for own, _ in found]),
        "machine": describe_machine(),
    }
    print(json.dumps(text) if arguments.json else text)


def _middle(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "max": round(max(values), 3),
    }


def _measure(broker: Broker, mergers: int, schemas: Path) -> list[tuple[float, float]]:
    """Return of each event how long its last message and its loudest window lie back [s]."""
    one = {"workers.count": 1}
    with contextlib.ExitStack() as stack:
        (topic,) = stack.enter_context(broker.topics("strain", partitions=1))
        rig = stack.enter_context(
            running_daemon(broker, topic, one, schemas=schemas, stream="strain")
        )
        seen: list[tuple[float, float]] = []
        began_us: list[int] = []
        stop = threading.Event()
        reader = threading.Thread(target=_read, args=(rig.settings, seen, began_us, stop))
        reader.start()
        producer = make_producer(publisher_config({**rig.settings.kafka.common, "linger.ms": 0}))
        frames = list(_frames(mergers))
        began_us.append(now_us())
        publish(producer, topic, frames)
        time.sleep(REST_S)
        stop.set()
        reader.join()
    return seen


def _frames(mergers: int) -> Iterator[FileMessage]:
    """Yield the frames of both detectors, each due when its last sample has been."""
    seconds = LEAD_S + mergers * APART_S
    at_s = [LEAD_S + 4.4 + k * APART_S for k in range(mergers)]
    names = ("H1", "L1")
    rng = np.random.default_rng(3)
    strain = simulate_running(rng, seconds + 4, at_s, loudness=3.0, detectors=names).strain
    for second in range(seconds):
        for name in names:
            part = strain[name][second * SAMPLE_RATE_HZ : (second + 1) * SAMPLE_RATE_HZ]
            value = write_hdf5(
                part,
                detector=name,
                gps_start_s=GPS_S + second,
                sample_rate_hz=SAMPLE_RATE_HZ,
                words=np.array([127]),
                is_simulated=True,
            )
            yield FileMessage(Path(name), second, value, key=name.encode(), at_s=float(second + 1))


def _read(
    settings: Settings, seen: list[tuple[float, float]], began_us: list[int], stop: threading.Event
) -> None:
    """Note the latencies of each event, as a subscriber has them."""
    reader = ClassificationReader()
    consumer = make_consumer(consumer_config(settings, group=f"{settings.group}-reader"))
    consumer.subscribe([settings.output.alerts])
    while not stop.is_set():
        message = consumer.poll(0.05)
        if message is None or message.error():
            continue
        has_us = now_us()
        record = reader.read(message.value() or b"")
        loudest = max(record["strain"]["windows"], key=lambda one: one["score"])
        # Strain of GPS_S + t was published at t after the beginning.
        last_s = loudest["gpsStart"] + WINDOW_S - GPS_S
        own_s = (has_us - record["times"]["broker"]) / 1e6
        seen.append((own_s, (has_us - began_us[0]) / 1e6 - last_s))
    consumer.close()


if __name__ == "__main__":
    main()
