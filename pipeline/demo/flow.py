"""Packets into the daemon, and results out of it: the demo while it runs."""

import itertools
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.core import now_us
from pipeline.demo.daemon import Daemon
from pipeline.demo.lineup import Part, messages_hz
from pipeline.demo.sending import Sending
from pipeline.demo.show import Show, Standing
from pipeline.demo.traffic import Traffic, count_messages, simulate_traffic
from pipeline.demo.watch import Watcher
from pipeline.publish import publisher_config
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
    """Records a second, of all streams together [Hz]."""

    out: Path
    seed: int = 1


class Flow:
    """The messages of a demo on their way, inside a ``with`` block.

    Parameters
    ----------
    parts
        The streams that take part.
    stop
        Set, nothing more is sent, and nobody waits for what has not come out.
    """

    def __init__(
        self,
        options: Options,
        parts: Sequence[Part],
        settings: Settings,
        show: Show,
        stop: threading.Event,
    ) -> None:
        self._options = options
        self._parts = parts
        self._show = show
        self._stop = stop
        self._over = threading.Event()
        """Set when there is nobody to publish for."""

        # At this rate there is nothing to gather: each message goes at once.
        client = publisher_config({**settings.kafka.common, "linger.ms": 0})
        self._sendings = {part.stream: Sending(part.stream, client) for part in parts}
        self.traffic: Traffic = {}
        self.began_us = now_us()
        """When the first message was sent [µs UTC]."""

    @property
    def sent(self) -> int:
        """Records sent so far."""
        return sum(sending.sent for sending in self._sendings.values())

    @property
    def broken(self) -> int:
        """Messages among them that were broken on purpose."""
        return sum(sending.broken for sending in self._sendings.values())

    @property
    def delivered(self) -> Mapping[str, int]:
        """Records of each stream that the broker has, once `run` has returned."""
        return {stream: sending.delivered for stream, sending in self._sendings.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sending in self._sendings.values():
            sending.close()

    def simulate(self) -> None:
        """Make the messages."""
        counts = count_messages(self._parts, self._options.seconds, self._options.rate_hz)
        count = sum(counts.values())
        named = ", ".join(f"{number:,} of {stream}" for stream, number in counts.items())
        self._show.step(f"simulating {count:,} messages, some broken on purpose: {named}")
        with self._show.live():
            self.traffic = simulate_traffic(
                self._parts,
                counts,
                self._options.seed,
                stop=self._stop.is_set,
                progress=lambda made: self._show.progress("simulated", made, count),
            )

    def run(self, watcher: Watcher, daemon: Daemon) -> None:
        """Publish, until all of it has come out or no more comes."""
        self._show.step(
            f"publishing {self._options.rate_hz:g} records a second for {self._options.seconds:g} s"
        )
        self.began_us = now_us()
        deadline_s = time.monotonic() + self._options.seconds
        with ThreadPoolExecutor(len(self._parts), "publisher") as publishers, self._show.live():
            sendings = [publishers.submit(self._send, part, deadline_s) for part in self._parts]
            last_s, results = time.monotonic(), 0
            while daemon.running and not self._is_complete(sendings, watcher):
                time.sleep(TURN_S)
                self._show.update(self._standing(watcher))
                is_sent = all(sending.done() for sending in sendings)
                if watcher.results != results or not is_sent:
                    last_s, results = time.monotonic(), watcher.results
                if is_sent and (self._stop.is_set() or time.monotonic() - last_s > PATIENCE_S):
                    break
            self._over.set()
            for sending in sendings:
                sending.result()
        if not daemon.running:
            self._show.step(f"the daemon ended; the last it said:\n{daemon.log_tail}")

    def settle(self, watcher: Watcher) -> None:
        """Give the subscriber a moment for what was committed last."""
        deadline_s, results = time.monotonic() + SETTLE_S, watcher.results
        while watcher.results < sum(self.delivered.values()) and time.monotonic() < deadline_s:
            time.sleep(TURN_S)
            if watcher.results != results:
                deadline_s, results = time.monotonic() + SETTLE_S, watcher.results

    def _send(self, part: Part, deadline_s: float) -> None:
        self._sendings[part.stream].run(
            self.traffic[part.stream],
            rate_hz=messages_hz(part, self._parts, self._options.rate_hz),
            is_over=lambda: (
                self._stop.is_set() or self._over.is_set() or time.monotonic() > deadline_s
            ),
        )

    def _is_complete(self, sendings: Sequence[Future[None]], watcher: Watcher) -> bool:
        is_sent = all(sending.done() for sending in sendings)
        return is_sent and watcher.results >= sum(self.delivered.values())

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
