"""``skytriage run`` as a process, on topics of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition

from pipeline.tally import Tally

__all__ = ["Daemon"]


class Daemon:
    """A daemon that classifies one input topic, inside a ``with`` block.

    Parameters
    ----------
    broker
        Where its topics are.
    topics
        Fresh ones, from the fixture.
    folder
        For its configuration and log.
    name, stream
        Which stream, and TOML lines of its section.
    settings
        TOML lines by section; ``""`` is the top of the file.
    """

    def __init__(
        self, broker, topics, folder: Path, *, partitions=4, name="hits", stream="", **settings
    ):
        self.broker = broker
        self.input = topics.create("in", partitions=partitions)
        self.partitions = partitions
        self.classifications = topics.create("classifications")
        self.alerts = topics.create("alerts")
        self.dead_letters = topics.create("dead-letters")
        self.group = f"{topics.prefix}group"
        self.config = folder / "skytriage.toml"
        self.log = folder / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None
        sections = {"workers": "count = 1\nthreads = 2", **settings}
        self.config.write_text(
            f"""\
group = "{self.group}"
instance = "test"
{sections.pop("top", "")}
[kafka]
bootstrap.servers = "{broker.bootstrap}"
[kafka.consumer]
session.timeout.ms = 6000
[streams.{name}]
topics = ["{self.input}"]
{stream}
[output]
classifications = "{self.classifications}"
alerts = "{self.alerts}"
dead_letters = "{self.dead_letters}"
{sections.pop("output", "")}
[http]
port = 0
"""
            + "".join(f"[{name}]\n{text}\n" for name, text in sections.items())
        )

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline", "run", str(self.config)], stderr=log, stdout=log
            )

    def lines(self):
        """What the daemon has logged."""
        text = self.log.read_text().splitlines()
        return [json.loads(line) for line in text if line.startswith("{")]

    def wait_for(self, event, timeout_s=90, count=1):
        """Wait until something has been logged so many times."""
        deadline_s = time.monotonic() + timeout_s
        while sum(line["event"] == event for line in self.lines()) < count:
            assert self.process.poll() is None, f"the daemon ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline_s, f"no {event!r} in\n{self.log.read_text()}"
            time.sleep(0.05)

    @property
    def port(self):
        self.wait_for("started")
        return next(line["port"] for line in self.lines() if line["event"] == "started")

    def get(self, path):
        """Ask the daemon over HTTP; return status and text."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def workers(self):
        """Return the pids of the living worker processes, by number."""
        pids = {x["worker"]: x["pid"] for x in self.lines() if x["event"] == "worker started"}
        return {worker: pid for worker, pid in pids.items() if self.is_running(pid)}

    @staticmethod
    def is_running(pid):
        """Whether there is such a process, and it is more than a zombie."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def committed(self):
        """Return how many messages of the input are answered and committed; 0 while no broker tells."""
        with self.broker.consumer(self.group) as consumer:
            partitions = [TopicPartition(self.input, p) for p in range(self.partitions)]
            try:
                return sum(max(0, _answered(p)) for p in consumer.committed(partitions, 10))
            except KafkaException:
                return 0

    def wait_until_committed(self, messages, timeout_s=120):
        """Wait until so many messages of the input are committed."""
        deadline_s = time.monotonic() + timeout_s
        while self.committed() < messages:
            assert self.process.poll() is None, f"the daemon ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline_s, (
                f"{self.committed()} of {messages}\n{self.log.read_text()}"
            )
            time.sleep(0.1)

    def stop(self, timeout_s=60):
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout_s)

    def kill(self):
        """End the daemon and its workers, whatever they do."""
        if self.process is None or self.process.poll() is not None:
            return
        for pid in [self.process.pid, *self.workers().values()]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)


def _answered(place):
    """Return up to where a partition is answered: further than committed, for running strain."""
    tally = Tally.from_metadata(place.metadata)
    return place.offset if tally is None or tally.answered is None else tally.answered
