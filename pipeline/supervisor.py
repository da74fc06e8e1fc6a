"""Watch the workers: start them, restart the dead, drain them, give up on a crash loop.

The supervisor holds no message and no network, so nothing is lost with it: a
worker that finds it gone drains and ends.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any

import structlog
from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
)

from pipeline import __version__
from pipeline.errors import ConfigurationError
from pipeline.http import serve
from pipeline.logs import configure_logs
from pipeline.metrics import Recorder, Totals
from pipeline.settings import Settings
from pipeline.worker import TRY_AGAIN, Failed, Status, run_worker

__all__ = ["supervise"]

log = structlog.get_logger(__name__)

OURSELVES = -1
"""Index of the supervisor's own metrics."""

TURN_S = 0.25
MAX_BACKOFF_S = 30.0


@dataclass(slots=True)
class _Slot:
    """A place for one worker, and the worker that is in it."""

    index: int
    process: SpawnProcess | None = None
    pipe: Connection | None = None
    status: Status | None = None
    heard_s: float = 0.0
    start_at_s: float = 0.0
    deaths: int = 0
    """In a row, without having been ready in between."""

    crashes: deque[float] = field(default_factory=deque)
    """When its workers died of a fault of ours [s, monotonic]."""

    is_told: bool = False
    """Whether its worker was told to drain."""


@dataclass(slots=True)
class _Stop:
    """What the signals have asked for."""

    signals: int = 0
    deadline_s: float = field(default=float("inf"))


class Supervisor:
    """The parent of the workers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = [_Slot(index) for index in range(worker_count(settings))]
        self._threads = settings.workers.threads or max(1, cores() // len(self._slots))
        self._totals = Totals()
        self._recorder = Recorder()
        self._stop = _Stop()
        self._turned_s = time.monotonic()
        self._failure: str | None = None

    def run(self) -> int:
        """Run until a signal or a failure, and return the exit code."""
        registry = CollectorRegistry()
        for collector in (
            self._totals,
            PROCESS_COLLECTOR,
            PLATFORM_COLLECTOR,
            GC_COLLECTOR,
        ):
            registry.register(collector)
        port = serve(self._settings.http, registry, alive=self._is_alive, ready=self._is_ready)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._on_signal)
        log.info("started", version=__version__, port=port, workers=len(self._slots))
        self._recorder.set("skytriage_build_info", __version__, to=1)
        while self._turn():
            pass
        if self._failure is not None:
            log.error("gave up", reason=self._failure)
            return 1
        log.info("stopped")
        return 0

    def _turn(self) -> bool:
        self._turned_s = now_s = time.monotonic()
        for slot in self._slots:
            # Asked for each: a signal may come while another is being started.
            if not self._is_stopping and slot.process is None and now_s >= slot.start_at_s:
                self._start(slot)
        waiting: list[Any] = [s.pipe for s in self._slots if s.pipe is not None]
        waiting += [s.process.sentinel for s in self._slots if s.process is not None]
        if waiting:
            wait(waiting, TURN_S)
        else:
            time.sleep(TURN_S)
        for slot in self._slots:
            self._listen(slot)
            self._look_after(slot)
        self._record()
        return not (self._is_stopping and all(slot.process is None for slot in self._slots))

    @property
    def _is_stopping(self) -> bool:
        return self._stop.signals > 0 or self._failure is not None

    def _start(self, slot: _Slot) -> None:
        context = multiprocessing.get_context("spawn")
        slot.pipe, theirs = context.Pipe(duplex=False)
        slot.process = context.Process(
            target=run_worker,
            args=(slot.index, self._settings, self._threads, theirs),
            name=f"skytriage-worker-{slot.index}",
        )
        slot.process.start()
        theirs.close()  # so that the pipe breaks with the worker
        slot.status, slot.heard_s, slot.is_told = None, time.monotonic(), False
        log.info("worker started", worker=slot.index, pid=slot.process.pid)

    def _listen(self, slot: _Slot) -> None:
        try:
            while slot.pipe is not None and slot.pipe.poll():
                report = slot.pipe.recv()
                if isinstance(report, Failed):
                    self._fail(f"worker {slot.index}: {report.reason}")
                    continue
                slot.status, slot.heard_s = report, time.monotonic()
                self._totals.update(slot.index, report.snapshot)
                if report.state == "ready":
                    slot.deaths = 0
        except (EOFError, OSError):
            slot.pipe = None

    def _look_after(self, slot: _Slot) -> None:
        process = slot.process
        if process is None:
            return
        if not process.is_alive():
            self._listen(slot)
            self._bury(slot, process)
            return
        if self._is_stopping and not slot.is_told:
            slot.is_told = True
            process.terminate()
        reason = self._reason_to_kill(slot)
        if reason is not None:
            log.error("worker killed", worker=slot.index, reason=reason)
            process.kill()

    def _reason_to_kill(self, slot: _Slot) -> str | None:
        now_s, workers = time.monotonic(), self._settings.workers
        if self._stop.signals > 1:
            return "told to stop at once"
        if now_s > self._stop.deadline_s:
            return f"not drained within {self._settings.drain_timeout_s:g} s"
        silent_s = now_s - slot.heard_s
        if slot.status is None:
            if silent_s > workers.start_timeout_s:
                return f"not warmed within {workers.start_timeout_s:g} s"
        elif silent_s > workers.stall_timeout_s:
            return f"silent for {silent_s:.0f} s"
        elif slot.status.stalled_s > workers.stall_timeout_s and not self._stop.signals:
            return f"stuck in {slot.status.stalled_in} for {slot.status.stalled_s:.0f} s"
        return None

    def _bury(self, slot: _Slot, process: SpawnProcess) -> None:
        self._totals.bury(slot.index)
        slot.process, slot.pipe, slot.status = None, None, None
        code = process.exitcode
        if self._is_stopping:
            if code and self._stop.signals:
                log.warning("worker ended", worker=slot.index, exit_code=code)
            return
        reason = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        self._recorder.count("skytriage_worker_restarts", reason)
        slot.deaths += 1
        backoff_s = min(MAX_BACKOFF_S, 0.5 * 2 ** (slot.deaths - 1))
        slot.start_at_s = time.monotonic() + backoff_s
        log.error("worker died", worker=slot.index, reason=reason, restart_in_s=backoff_s)
        if code != TRY_AGAIN:  # a broker that is away for an hour is no crash loop
            self._count_crash(slot, reason)

    def _count_crash(self, slot: _Slot, reason: str) -> None:
        workers, now_s = self._settings.workers, time.monotonic()
        slot.crashes.append(now_s)
        while slot.crashes[0] < now_s - workers.restart_window_s:
            slot.crashes.popleft()
        if len(slot.crashes) > workers.max_restarts:
            self._fail(
                f"worker {slot.index} died {len(slot.crashes)} times within "
                f"{workers.restart_window_s:g} s, the last time with {reason}: the log above says "
                f"why; [workers] max_restarts is {workers.max_restarts}"
            )

    def _fail(self, reason: str) -> None:
        if self._failure is None:
            self._failure = reason
            self._set_deadline()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        self._stop.signals += 1
        log.info(
            "stopping",
            signal=signal.Signals(number).name,
            at_once=self._stop.signals > 1,
        )
        self._set_deadline()

    def _set_deadline(self) -> None:
        self._stop.deadline_s = min(
            self._stop.deadline_s, time.monotonic() + self._settings.drain_timeout_s
        )

    def _record(self) -> None:
        ready = sum(
            slot.status is not None and slot.status.state == "ready" for slot in self._slots
        )
        self._recorder.set("skytriage_workers", "ready", to=ready)
        self._recorder.set("skytriage_workers", "starting", to=len(self._slots) - ready)
        self._totals.update(OURSELVES, self._recorder.snapshot())

    def _is_alive(self) -> bool:
        """Whether the supervisor still turns; starting a process may take it a while."""
        return time.monotonic() - self._turned_s < 30 * TURN_S

    def _is_ready(self) -> bool:
        """Whether a worker has warmed its networks and has its share of the partitions."""
        return not self._stop.signals and any(
            slot.status is not None and slot.status.state == "ready" for slot in self._slots
        )


def cores() -> int:
    """Return the processor cores that we may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count(settings: Settings) -> int:
    """Return how many workers to run: as set, or one per core without a GPU."""
    count = settings.workers.count
    if count != "auto":
        return count
    return 1 if settings.workers.device.startswith("gpu") else cores()


def supervise(settings: Settings) -> int:
    """Run the daemon until a signal or a failure, and return the exit code."""
    configure_logs(settings.log)
    try:
        return Supervisor(settings).run()
    except ConfigurationError as error:
        log.error("cannot start", reason=str(error))  # noqa: TRY400 - a traceback says nothing here
        return 1
