"""A place for one worker: start it, hear it, tell it to drain, kill it, bury it."""

import multiprocessing
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import structlog

from pipeline.settings import Settings, WorkerSettings
from pipeline.worker import Report, Status, run_worker

__all__ = ["Slot"]

log = structlog.get_logger(__name__)

MAX_BACKOFF_S = 30.0


@dataclass(slots=True)
class Slot:
    """A place for one worker, and the worker that is in it."""

    index: int
    process: SpawnProcess | None = None
    pipe: Connection | None = None
    status: Status | None = None
    """What it last said; None before it is warm."""

    heard_s: float = 0.0
    start_at_s: float = 0.0
    """When the next may be started [s, monotonic]."""

    deaths: int = 0
    """In a row, without having been ready in between."""

    crashes: deque[float] = field(default_factory=deque)
    """When its workers died of a fault of ours [s, monotonic]."""

    is_told: bool = False
    """Whether its worker was told to drain."""

    @property
    def is_ready(self) -> bool:
        """Whether it has warmed its networks and has its share of the partitions."""
        return self.status is not None and self.status.state == "ready"

    def start(self, settings: Settings, threads: int) -> None:
        """Start a worker."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe(duplex=False)
        self.process = context.Process(
            target=run_worker,
            args=(self.index, settings, threads, theirs),
            name=f"skytriage-worker-{self.index}",
        )
        self.process.start()
        theirs.close()  # so that the pipe breaks with the worker
        self.status, self.heard_s, self.is_told = None, time.monotonic(), False
        log.info("worker started", worker=self.index, pid=self.process.pid)

    def listen(self) -> list[Report]:
        """Return what the worker has said since the last call."""
        reports: list[Report] = []
        try:
            while self.pipe is not None and self.pipe.poll():
                reports.append(self.pipe.recv())
        except (EOFError, OSError):
            self.pipe = None
        for report in reports:
            if isinstance(report, Status):
                self.status, self.heard_s = report, time.monotonic()
                self.deaths = 0 if self.is_ready else self.deaths
        return reports

    def drain(self, process: SpawnProcess) -> None:
        """Tell the worker to drain, once."""
        if not self.is_told:
            self.is_told = True
            process.terminate()

    def hangs(self, workers: WorkerSettings, *, may_stall: bool) -> str | None:
        """Return why the worker is to be killed, None if it is well."""
        silent_s = time.monotonic() - self.heard_s
        if self.status is None:
            if silent_s > workers.start_timeout_s:
                return f"not warmed within {workers.start_timeout_s:g} s"
        elif silent_s > workers.stall_timeout_s:
            return f"silent for {silent_s:.0f} s"
        elif self.status.stalled_s > workers.stall_timeout_s and not may_stall:
            return f"stuck in {self.status.stalled_in} for {self.status.stalled_s:.0f} s"
        return None

    def empty(self) -> None:
        """Forget the worker, which has ended."""
        self.process, self.pipe, self.status = None, None, None

    def back_off(self) -> float:
        """Wait longer with each death in a row; return for how long [s]."""
        self.deaths += 1
        backoff_s: float = min(MAX_BACKOFF_S, 0.5 * 2 ** (self.deaths - 1))
        self.start_at_s = time.monotonic() + backoff_s
        return backoff_s

    def count_crash(self, window_s: float) -> int:
        """Count a crash, and return how many there were within the window [s]."""
        now_s = time.monotonic()
        self.crashes.append(now_s)
        while self.crashes[0] < now_s - window_s:
            self.crashes.popleft()
        return len(self.crashes)
