"""The demo from beginning to end.

Simulate, start the daemon, publish, wait until all of it has come out, drain,
count, write.  Whatever is started here ends with the ``with`` block that it is
started in, and also if this process is killed.
"""

import os
import threading
from pathlib import Path

from pipeline.audit import audit
from pipeline.core import now_us
from pipeline.demo.daemon import Daemon, write_config
from pipeline.demo.flow import Flow, Options
from pipeline.demo.lineup import left_out, taking_part
from pipeline.demo.outcome import Run, write_outcome
from pipeline.demo.show import Show
from pipeline.demo.watch import watching
from pipeline.embedded import EmbeddedBroker
from pipeline.errors import ConfigurationError
from pipeline.kafka import admin_config, make_admin
from pipeline.report.summary import Summary
from pipeline.settings import PREFIX, Settings, read_settings
from pipeline.topics import create_topics

__all__ = ["Options", "forget_environment", "run_demo"]

PARTITIONS = 2
READY_TIMEOUT_S = 120.0


def run_demo(options: Options, show: Show, stop: threading.Event) -> Summary:
    """Run the demo, and write ``summary.json`` and ``report.html``.

    Parameters
    ----------
    stop
        Set, it ends the demo early and in good order.

    Raises
    ------
    PipelineError
        If the broker or the daemon does not start.
    """
    began_us = now_us()
    forget_environment()
    out = _empty_folder(options.out)
    without = left_out()
    parts = taking_part(without)
    if not parts:
        raise ConfigurationError(f"no stream can be shown: {'; '.join(without.values())}")
    for stream, reason in without.items():
        show.step(f"without the stream {stream}: {reason}")
    show.step("starting a broker in memory")
    with EmbeddedBroker(log=out / "broker.log") as broker:
        config = write_config(out, broker.bootstrap, [part.stream for part in parts])
        settings = read_settings(config)
        _create_topics(settings)
        show.step(f"starting the daemon: skytriage run {config}")
        log = out / "daemon.log"
        with (
            Daemon(config, port=settings.http.port, log=log) as daemon,
            Flow(options, parts, settings, show, stop) as flow,
        ):
            flow.simulate()
            show.step("waiting until its networks are warm")
            daemon.wait_until_ready(timeout_s=READY_TIMEOUT_S, give_up=stop.is_set)
            with watching(settings, flow.traffic) as watcher:
                flow.run(watcher, daemon)
                died = not daemon.running
                show.step("draining the daemon (SIGTERM)")
                daemon.stop(patience_s=settings.drain_timeout_s + 10)
                flow.settle(watcher)
        show.step("counting: what was consumed, and what came of it")
        run = Run(
            options_seconds=options.seconds,
            options_rate_hz=options.rate_hz,
            began_us=began_us,
            was_interrupted=stop.is_set(),
            daemon_died=died,
            publishing_began_us=flow.began_us,
            delivered=flow.delivered,
            broken=flow.broken,
            traffic=flow.traffic,
            left_out=without,
            seen=tuple(watcher.seen),
            letters=tuple(watcher.letters),
            ledger=audit(settings),
        )
    return write_outcome(run, settings, out)


def forget_environment() -> None:
    """Forget settings of the environment: the demo must not find its way to a survey's broker."""
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        del os.environ[name]


def _empty_folder(out: Path) -> Path:
    """Make the folder, and remove what an earlier demo left, so that nothing old looks new."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("summary.json", "report.html", "skytriage.toml", "broker.log", "daemon.log"):
        (out / name).unlink(missing_ok=True)
    return out


def _create_topics(settings: Settings) -> None:
    admin = make_admin(admin_config(settings))
    for made in create_topics(admin, settings, partitions=PARTITIONS, replication=1):
        if not made.created:
            raise ConfigurationError(f"a new broker has a topic {made.topic} already")
