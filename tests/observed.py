"""What a subscriber and an operator see of a daemon's work."""

import io
import json
import subprocess
import sys
from collections import Counter

import fastavro

from pipeline.read_topic import read_to_end
from pipeline.settings import read_settings

__all__ = ["alerts", "classifications", "dead_letters", "ledger", "native_packets", "publish"]


def read(daemon, topic):
    """Return all committed messages, those included whose commit is still under way."""
    notes = []
    messages = list(read_to_end(read_settings(daemon.config), topic, notes))
    assert notes == []
    return messages


def classifications(daemon):
    """Return the records that a reader of committed data sees."""
    return _records(daemon, daemon.classifications)


def alerts(daemon):
    """Return the alerts that a reader of committed data sees."""
    return _records(daemon, daemon.alerts)


def _records(daemon, topic):
    return [next(fastavro.reader(io.BytesIO(message.value()))) for message in read(daemon, topic)]


def dead_letters(daemon):
    """Return the dead letters: their bytes, and their headers as text."""
    return [
        (message.value(), {name: (value or b"").decode() for name, value in message.headers()})
        for message in read(daemon, daemon.dead_letters)
    ]


def repeated(records):
    """Return the alert ids that stand in more than one record."""
    return [i for i, n in Counter(record["alertId"] for record in records).items() if n > 1]


def publish(daemon, packets):
    """Send packets to the daemon's input."""
    producer = daemon.broker.producer(linger_ms=5, queue_buffering_max_kbytes=2_000_000)
    for packet in packets:
        producer.produce(daemon.input, packet)
    assert producer.flush(60) == 0


def ledger(daemon):
    """Run ``skytriage ledger``; return its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "ledger", str(daemon.config), "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def native_packets(count, seed=1):
    """Return simulated native packets, each with an id of its own."""
    import numpy as np

    from models.deep_hits.simulate import simulate
    from pipeline.simulation.hits_packets import Sky, native_packet

    samples = simulate(np.random.default_rng(seed), min(count, 1000)).samples
    return [
        native_packet(
            samples[i % len(samples)],
            Sky(event_id=2**60 + i, mjd_utc=61041.0, ra_deg=10.0, dec_deg=-5.0),
        )
        for i in range(count)
    ]
