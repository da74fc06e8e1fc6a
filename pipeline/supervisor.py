"""Watch the workers: start them, restart the dead, drain them, give up on a crash loop.

The supervisor holds no message and no network, so nothing is lost with it: a
worker that finds it gone drains and ends.
"""

import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
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
from pipeline.recorder import Recorder, Totals
from pipeline.settings import Settings
from pipeline.slot import Slot
from pipeline.worker import TRY_AGAIN, Failed

__all__ = ["supervise"]

log = structlog.get_logger(__name__)

OURSELVES = -1
"""Index of the supervisor's own metrics."""

TURN_S = 0.25


@dataclass(slots=True)
class _Stop:
    """What the signals have asked for."""

    signals: int = 0
    deadline_s: float = field(default=float("inf"))


class Supervisor:
    """The parent of the workers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots = [Slot(index) for index in range(worker_count(settings))]
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
                slot.start(self._settings, self._threads)
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

    def _listen(self, slot: Slot) -> None:
        for report in slot.listen():
            if isinstance(report, Failed):
                self._fail(f"worker {slot.index}: {report.reason}")
            else:
                self._totals.update(slot.index, report.snapshot)

    def _look_after(self, slot: Slot) -> None:
        process = slot.process
        if process is None:
            return
        if not process.is_alive():
            self._listen(slot)
            self._bury(slot, process)
            return
        if self._is_stopping:
            slot.drain(process)
        reason = self._reason_to_kill(slot)
        if reason is not None:
            log.error("worker killed", worker=slot.index, reason=reason)
            process.kill()

    def _reason_to_kill(self, slot: Slot) -> str | None:
        if self._stop.signals > 1:
            return "told to stop at once"
        if time.monotonic() > self._stop.deadline_s:
            return f"not drained within {self._settings.drain_timeout_s:g} s"
        return slot.hangs(self._settings.workers, may_stall=self._stop.signals > 0)

    def _bury(self, slot: Slot, process: SpawnProcess) -> None:
        self._totals.bury(slot.index)
        slot.empty()
        code = process.exitcode
        if self._is_stopping:
            if code and self._stop.signals:
                log.warning("worker ended", worker=slot.index, exit_code=code)
            return
        reason = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        self._recorder.count("skytriage_worker_restarts", reason)
        backoff_s = slot.back_off()
        log.error("worker died", worker=slot.index, reason=reason, restart_in_s=backoff_s)
        if code != TRY_AGAIN:  # a broker that is away for an hour is no crash loop
            self._count_crash(slot, reason)

    def _count_crash(self, slot: Slot, reason: str) -> None:
        workers = self._settings.workers
        crashes = slot.count_crash(workers.restart_window_s)
        if crashes > workers.max_restarts:
            self._fail(
                f"worker {slot.index} died {crashes} times within "
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
        ready = sum(slot.is_ready for slot in self._slots)
        self._recorder.set("skytriage_workers", "ready", to=ready)
        self._recorder.set("skytriage_workers", "starting", to=len(self._slots) - ready)
        self._totals.update(OURSELVES, self._recorder.snapshot())

    def _is_alive(self) -> bool:
        """Whether the supervisor still turns; starting a process may take it a while."""
        return time.monotonic() - self._turned_s < 30 * TURN_S

    def _is_ready(self) -> bool:
        """Whether a worker has warmed its networks and has its share of the partitions."""
        return not self._stop.signals and any(slot.is_ready for slot in self._slots)


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
