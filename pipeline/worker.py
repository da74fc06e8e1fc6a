"""One worker: a process with a consumer, a producer and the networks, loaded once.

It is spawned, so TensorFlow and OpenVINO begin here and are never forked.  It
tells the supervisor how it is about twice a second, through a pipe whose end
also tells it when the supervisor is gone.
"""

import contextlib
import importlib
import logging
import os
import re
import signal
import sys
import threading
import time
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from types import FrameType
from typing import Literal, TypeAlias

import structlog

from pipeline.encode import make_encoder
from pipeline.errors import ConfigurationError, TransientError
from pipeline.kafka import (
    consumer_config,
    make_consumer,
    make_producer,
    producer_config,
)
from pipeline.lane import Lane
from pipeline.lanes import open_lane
from pipeline.logs import configure_logs
from pipeline.recorder import Recorder, Snapshot
from pipeline.run import Loop
from pipeline.settings import Settings
from pipeline.sink import Sink
from pipeline.transactions import Transactions

__all__ = ["TRY_AGAIN", "Failed", "Report", "Status", "run_worker", "topic_router"]

log = structlog.get_logger(__name__)

STATUS_INTERVAL_S = 0.5

TRY_AGAIN = 75
"""Exit code of a worker that could not reach the broker: no fault of ours (EX_TEMPFAIL)."""

SWITCH_INTERVAL_S = 0.0005
"""How long one thread may hold the interpreter while another waits [s].

Python's 5 ms would keep the network idle for a fifth of a batch each time it
comes back for the next."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a worker is."""

    state: Literal["starting", "ready"]
    stalled_s: float
    """Since when its reader has not turned, or its network or transaction has been busy [s]."""

    stalled_in: str
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a worker ends: no other worker would do better."""

    reason: str


Report: TypeAlias = Status | Failed


def topic_router(settings: Settings) -> dict[re.Pattern[str], str]:
    """Return the stream of each topic pattern; a plain name matches itself alone."""
    return {
        re.compile(topic if topic.startswith("^") else f"{re.escape(topic)}$"): name
        for name, stream in settings.streams.items()
        for topic in stream.topics
    }


def run_worker(index: int, settings: Settings, threads: int, pipe: Connection) -> None:
    """Run a worker until it is told to stop: the target of the process.

    Parameters
    ----------
    index
        Number of the worker; it is the same after a restart, and part of the
        transactional id.
    threads
        Threads of its networks.
    pipe
        To the supervisor.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    configure_logs(settings.log, worker=index)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # A terminal sends Ctrl-C to the whole group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        _run(index, settings, threads, pipe)
    except ConfigurationError as error:
        pipe.send(Failed(str(error)))
    except TransientError as error:
        log.error("worker gave up", error=str(error))  # noqa: TRY400 - a traceback says nothing here
        sys.exit(TRY_AGAIN)
    except Exception:
        log.exception("worker failed")
        sys.exit(1)


def _run(index: int, settings: Settings, threads: int, pipe: Connection) -> None:
    begun_s = time.monotonic()
    # An odd image needs it, and would wait for it, and all behind it for seconds.
    importlib.import_module("pipeline.fits_by_astropy")
    recorder = Recorder()
    lanes = {
        name: open_lane(name, stream, settings.schemas, settings.workers, threads=threads)
        for name, stream in settings.streams.items()
    }
    loop = _make_loop(index, settings, lanes, recorder)
    for name, lane in lanes.items():
        info = lane.classifier.info
        labels = info.name, info.version, info.weights_sha256, info.runtime, info.device
        recorder.set("skytriage_network_info", str(index), name, *labels, to=1)
    for outcome in ("committed", "aborted"):
        # A counter that appears with its first event hides that event from increase().
        recorder.count("skytriage_transactions", outcome, by=0)
    log.info("warmed", seconds=round(time.monotonic() - begun_s, 2), networks=list(lanes))

    def drain(_: int, __: FrameType | None) -> None:
        loop.stop()

    signal.signal(signal.SIGTERM, drain)
    finished = threading.Event()
    reporter = threading.Thread(
        target=_report,
        args=(index, loop, recorder, pipe),
        kwargs={"finished": finished, "drain_timeout_s": settings.drain_timeout_s},
        daemon=True,
    )
    reporter.start()
    loop.run([topic for stream in settings.streams.values() for topic in stream.topics])
    finished.set()
    reporter.join(STATUS_INTERVAL_S)
    with contextlib.suppress(OSError):  # the supervisor may be gone
        _send(index, loop, recorder, pipe)
    log.info("drained")


def _make_loop(index: int, settings: Settings, lanes: dict[str, Lane], recorder: Recorder) -> Loop:
    logger = logging.getLogger("librdkafka")
    consumer = make_consumer(consumer_config(settings, group=settings.group), logger=logger)
    transactional = settings.delivery == "effectively_once"
    task = f"{settings.group}.{settings.instance}.{index}"
    config = producer_config(
        settings,
        transactional_id=task if transactional else None,
        extra={"delivery.report.only.error": True},
    )
    transactions = Transactions(
        partial(make_producer, config, logger=logger), transactional=transactional
    )
    sink = Sink(transactions, settings.output, make_encoder(settings), task=task)
    routes = topic_router(settings)

    def stream_of(topic: str) -> str:
        return next(stream for pattern, stream in routes.items() if pattern.match(topic))

    return Loop(
        lanes,
        stream_of,
        consumer,
        sink,
        recorder,
        max_batch=settings.workers.max_batch,
        commit_interval_s=settings.commit_interval_ms / 1000,
        settle_timeout_s=settings.drain_timeout_s / 2,
    )


def _report(
    index: int,
    loop: Loop,
    recorder: Recorder,
    pipe: Connection,
    *,
    finished: threading.Event,
    drain_timeout_s: float,
) -> None:
    """Send the status until the loop is done. If the supervisor is gone, drain."""
    try:
        while not finished.is_set():
            _send(index, loop, recorder, pipe)
            finished.wait(STATUS_INTERVAL_S)
    except OSError:
        log.warning("the supervisor is gone")
        loop.stop()
        if not finished.wait(drain_timeout_s):  # nobody else would end us
            os._exit(1)


def _send(index: int, loop: Loop, recorder: Recorder, pipe: Connection) -> None:
    worker = str(index)
    recorder.set("skytriage_in_flight_messages", worker, to=loop.intake.ledger.in_flight())
    recorder.set("skytriage_paused", worker, to=loop.intake.paused)
    recorder.forget("skytriage_consumer_lag_messages")
    for (topic, partition), lag in loop.intake.lags.items():
        recorder.set("skytriage_consumer_lag_messages", topic, str(partition), to=lag)
    if loop.committed_s is not None:
        recorder.set("skytriage_last_commit_timestamp_seconds", worker, to=loop.committed_s)
    stalled_in, stalled_s = loop.pulse.stalled()
    state: Literal["starting", "ready"] = (
        "ready" if loop.intake.source.has_been_assigned else "starting"
    )
    pipe.send(Status(state, stalled_s, stalled_in, recorder.snapshot()))
