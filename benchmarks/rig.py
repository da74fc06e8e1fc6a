"""A daemon on topics of its own, with a configuration that is shown with the figures."""

import contextlib
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.broker import Broker
from benchmarks.packets import STREAM
from benchmarks.processors import children
from pipeline.demo.daemon import Daemon
from pipeline.errors import ConfigurationError, TransientError
from pipeline.server_process import free_port
from pipeline.settings import Settings, read_settings
from pipeline.supervisor import worker_count

__all__ = ["Rig", "parse_settings", "running_daemon"]

READY_TIMEOUT_S = 180.0

SETTLE_S = 3.0
"""A second worker that joins takes its partitions in two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A daemon whose workers are all warm and have their partitions."""

    settings: Settings
    daemon: Daemon
    pids: frozenset[int]
    """Its supervisor."""


def parse_settings(options: Sequence[str]) -> dict[str, Any]:
    """Read ``workers.max_batch=128``: settings of the daemon by dotted name.

    >>> parse_settings(["workers.max_batch=128", "delivery=at_least_once"])
    {'workers.max_batch': 128, 'delivery': 'at_least_once'}
    """
    found: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not key or not equals:
            raise ConfigurationError(f"--set takes KEY=VALUE, not {option!r}")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


@contextlib.contextmanager
def running_daemon(
    broker: Broker,
    topic: str,
    chosen: Mapping[str, Any],
    *,
    schemas: Path,
    stream: str = STREAM,
) -> Iterator[Rig]:
    """Run ``skytriage run`` on one input topic and three new output topics.

    Parameters
    ----------
    chosen
        Settings by dotted name, over ours.
    schemas
        Where the schemas of framed packets are.
    stream
        What is in the topic.

    Raises
    ------
    TransientError
        If it does not become ready; the message has the end of its log.
    """
    with contextlib.ExitStack() as stack:
        names = ("classifications", "alerts", "dead_letters")
        outputs = stack.enter_context(broker.topics(*names, partitions=2))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="skytriage-bench-")))
        table = {
            "group": f"{topic}-{uuid4().hex[:8]}",
            "instance": "bench",
            "kafka.bootstrap.servers": broker.bootstrap,
            **{f"kafka.consumer.{key}": value for key, value in broker.consumer.items()},
            f"streams.{stream}.topics": [topic],
            "schemas.directory": str(schemas.resolve()),
            **{f"output.{key}": value for key, value in zip(names, outputs, strict=True)},
            "http.port": free_port(),
            **chosen,
        }
        config = folder / "skytriage.toml"
        # A value of TOML is written like one of JSON.
        config.write_text("".join(f"{key} = {json.dumps(v)}\n" for key, v in table.items()))
        settings = read_settings(config)
        before = children()
        with Daemon(config, port=settings.http.port, log=folder / "daemon.log") as daemon:
            daemon.wait_until_ready(timeout_s=READY_TIMEOUT_S, give_up=lambda: False)
            _wait_for_workers(settings)
            yield Rig(settings=settings, daemon=daemon, pids=frozenset(children() - before))
            daemon.stop(patience_s=settings.drain_timeout_s + 10)


def _wait_for_workers(settings: Settings) -> None:
    """Wait until all workers have joined the group, and the partitions have settled."""
    ready = f'skytriage_workers{{state="ready"}} {float(worker_count(settings))}'
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while ready not in _metrics(settings.http.port):
        if time.monotonic() > deadline_s:
            raise TransientError(f"not all workers were ready within {READY_TIMEOUT_S:g} s")
        time.sleep(0.1)
    time.sleep(SETTLE_S)


def _metrics(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text
