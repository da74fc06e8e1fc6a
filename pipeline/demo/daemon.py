"""``skytriage run`` in a process of its own, with a configuration that one can look at."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.embedded import CLIENT_SETTINGS
from pipeline.errors import TransientError
from pipeline.server_process import ServerProcess, free_port
from pipeline.simulation.hits import write_schemas

__all__ = ["Daemon", "write_config"]

TURN_S = 0.1

CONFIG = """\
# Written by `skytriage demo`, which runs `skytriage run` with it.
#
# The broker is gone when the demo ends. To use this file with one that stays:
# put its address under [kafka], take [kafka.consumer] out, and give the topics
# of your survey. deploy/skytriage.toml explains every setting there is.

group = "skytriage-demo"

[kafka]
bootstrap.servers = {bootstrap}

# What suits the embedded broker; a real one needs none of it.
[kafka.consumer]
{consumer}

{streams}
# Rubin's packets name their schema by a number.
[schemas]
directory = {schemas}

# One worker leaves the second core to the simulated surveys and the subscriber.
[workers]
count = 1
threads = 1

[http]
port = {port}
"""


def write_config(folder: Path, bootstrap: str, streams: Iterable[str]) -> Path:
    """Write a configuration, and the schemas that it names.

    Parameters
    ----------
    folder
        Where to.
    bootstrap
        ``host:port`` of the broker.
    streams
        Those that take part; each has a topic of its name.

    Returns
    -------
    :
        The file.
    """
    quoted = json.dumps  # a TOML string is written like one of JSON
    text = CONFIG.format(
        bootstrap=quoted(bootstrap),
        consumer="\n".join(f"{name} = {value}" for name, value in CLIENT_SETTINGS.items()),
        streams="".join(f"[streams.{name}]\ntopics = [{quoted(name)}]\n" for name in streams),
        schemas=quoted(str(write_schemas(folder / "schemas").resolve()), ensure_ascii=False),
        port=free_port(),
    )
    config = folder / "skytriage.toml"
    config.write_text(text, encoding="utf-8")
    return config


class Daemon:
    """The daemon, inside a ``with`` block.

    Parameters
    ----------
    config
        Its configuration.
    port
        Where it answers ``/readyz``.
    log
        File for what it prints.
    """

    def __init__(self, config: Path, *, port: int, log: Path) -> None:
        self._command = [sys.executable, "-m", "pipeline", "run", str(config)]
        self._ready = f"http://127.0.0.1:{port}/readyz"
        self._log = log
        self._process: ServerProcess | None = None

    def __enter__(self) -> Self:
        self._process = ServerProcess(self._command, log=self._log)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A second SIGTERM within this would cut its draining short.
        if self.running:
            self.stop(patience_s=0 if error else 10)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.running

    @property
    def log_tail(self) -> str:
        """The last lines that it printed."""
        return "" if self._process is None else self._process.log_tail(12)

    def wait_until_ready(self, *, timeout_s: float, give_up: Callable[[], bool]) -> bool:
        """Wait until its networks are warm and it has its partitions.

        Returns
        -------
        :
            False if `give_up` said so before.

        Raises
        ------
        TransientError
            If it ended instead, or took longer than `timeout_s` [s].
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._answers():
            if give_up():
                return False
            if not self.running:
                raise TransientError(f"the daemon ended; the last it said:\n{self.log_tail}")
            if time.monotonic() > deadline_s:
                raise TransientError(
                    f"the daemon was not ready within {timeout_s:g} s; the last it said:\n{self.log_tail}"
                )
            time.sleep(TURN_S)
        return True

    def stop(self, *, patience_s: float) -> None:
        """Let it drain and end (SIGTERM), and kill it if that takes longer [s]."""
        if self._process is not None:
            self._process.stop(patience_s=patience_s)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._ready, timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)  # noqa: PLR2004 - OK
        except (urllib.error.URLError, OSError):  # refused, or 503: not yet
            return False
