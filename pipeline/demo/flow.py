"""Packets into the daemon, and results out of it: the demo while it runs."""

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.core import now_us
from pipeline.demo.daemon import TOPIC, Daemon
from pipeline.demo.show import Show, Standing
from pipeline.demo.traffic import EVERY, Packet, messages, simulate_traffic
from pipeline.demo.watch import Watcher
from pipeline.files import FileMessage
from pipeline.kafka import make_producer
from pipeline.publish import Delivery, publish, publisher_config
from pipeline.report.durations import latencies
from pipeline.settings import Settings

__all__ = ["Flow", "Options"]

PATIENCE_S = 20.0
"""How long to wait for the next result before giving up on the rest [s]."""

SETTLE_S = 1.0
"""How long a subscriber may need for what was committed last [s]."""

TURN_S = 0.2

LATELY_S = 5.0
"""The numbers shown meanwhile are of the last so many seconds [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked for."""

    seconds: float
    """How long to publish [s]."""

    rate_hz: float
    out: Path
    seed: int = 1


class Flow:
    """The packets of a demo on their way, inside a ``with`` block.

    Parameters
    ----------
    stop
        Set, nothing more is sent, and nobody waits for what has not come out.
    """

    def __init__(
        self, options: Options, settings: Settings, show: Show, stop: threading.Event
    ) -> None:
        self._options = options
        self._settings = settings
        self._show = show
        self._stop = stop
        self._over = threading.Event()
        """Set when there is nobody to publish for."""

        # At this rate there is nothing to gather: each message goes at once. The
        # producer is made now because librdkafka asks for its id when it is made,
        # and takes half a second: the first messages would wait for it.
        client = publisher_config({**settings.kafka.common, "linger.ms": 0})
        self._producer = make_producer(client)
        self.traffic: Sequence[Packet] = ()
        self.began_us = now_us()
        """When the first message was sent [µs UTC]."""

        self.sent = 0
        self.delivered = 0
        """Messages that the broker has, once `run` has returned."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._producer.close()

    def simulate(self) -> None:
        """Make the packets."""
        count = round(self._options.seconds * self._options.rate_hz)
        self._show.step(
            f"simulating {count:,} packets of HiTS, ZTF and Rubin, one in {EVERY} broken on purpose"
        )
        with self._show.live():
            self.traffic = simulate_traffic(
                count,
                self._options.seed,
                stop=self._stop.is_set,
                progress=lambda made: self._show.progress("simulated", made, count),
            )

    def run(self, watcher: Watcher, daemon: Daemon) -> None:
        """Publish, until all of it has come out or no more comes."""
        self._show.step(
            f"publishing {self._options.rate_hz:g} packets a second for {self._options.seconds:g} s"
        )
        with ThreadPoolExecutor(1, "publisher") as publisher, self._show.live():
            sending = publisher.submit(self._publish)
            last_s, results = time.monotonic(), 0
            while daemon.running and not _is_complete(sending, watcher):
                time.sleep(TURN_S)
                self._show.update(self._standing(watcher))
                if watcher.results != results or not sending.done():
                    last_s, results = time.monotonic(), watcher.results
                if sending.done() and (
                    self._stop.is_set() or time.monotonic() - last_s > PATIENCE_S
                ):
                    break
            self._over.set()
            self.delivered = sending.result().delivered
        if not daemon.running:
            self._show.step(f"the daemon ended; the last it said:\n{daemon.log_tail}")

    def settle(self, watcher: Watcher) -> None:
        """Give the subscriber a moment for what was committed last."""
        deadline_s, results = time.monotonic() + SETTLE_S, watcher.results
        while watcher.results < self.delivered and time.monotonic() < deadline_s:
            time.sleep(TURN_S)
            if watcher.results != results:
                deadline_s, results = time.monotonic() + SETTLE_S, watcher.results

    def _publish(self) -> Delivery:
        self.began_us = now_us()
        return publish(
            self._producer,
            TOPIC,
            self._until_stopped(),
            rate_hz=self._options.rate_hz,
            progress=self._note,
        )

    def _until_stopped(self) -> Iterator[FileMessage]:
        deadline_s = time.monotonic() + self._options.seconds
        for message in messages(self.traffic):
            if self._stop.is_set() or self._over.is_set() or time.monotonic() > deadline_s:
                return
            yield message

    def _note(self, sent: int, _: int) -> None:
        self.sent = sent

    def _standing(self, watcher: Watcher) -> Standing:
        now, seen = now_us(), watcher.seen
        since_us = max(now - round(LATELY_S * 1e6), self.began_us)
        backwards = (seen[k] for k in range(len(seen) - 1, -1, -1))
        lately = list(itertools.takewhile(lambda one: one.seen_us > since_us, backwards))
        return Standing(
            elapsed_s=(now - self.began_us) / 1e6,
            planned_s=self._options.seconds,
            published=self.sent,
            results=watcher.results,
            alerts=watcher.alerts,
            degraded=watcher.degraded,
            dead_letters=len(watcher.letters),
            rate_hz=len(lately) / max((now - since_us) / 1e6, 1e-3),
            latency=latencies(lately)[0],
        )


def _is_complete(sending: Future[Delivery], watcher: Watcher) -> bool:
    return sending.done() and watcher.results >= sending.result().delivered
