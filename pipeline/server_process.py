"""A server in a child process that cannot outlive us.

Python runs no cleanup when it is killed with SIGKILL, and a broker that is
left behind keeps its port and its memory. So a small shell holds the reading
end of a pipe whose writing end only we have: when we are gone, however that
came about, it reads the end of the file and kills the server.

This needs no code between fork and exec (which may deadlock in a process with
threads, and librdkafka and TensorFlow start many), no Linux-only call, and
does not depend on the thread that started the server.

The server gets its own session, so that Ctrl-C in a terminal reaches the
daemon and not the broker that the daemon is still draining to.
"""

import contextlib
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["ServerProcess", "free_port"]

# The shell starts a guard in the background and then becomes the server, so
# $$ is the server's process id. A line on the pipe dismisses the guard; the
# end of the file without one means that the parent died. File descriptor 3,
# because a shell gives its background jobs an empty standard input.
_GUARD = """\
exec 3<&0 </dev/null
(read -r _ <&3 || kill -9 $$) &
exec "$@" 3<&-
"""


def free_port() -> int:
    """Give a TCP port of 127.0.0.1 that nothing listens on.

    Another process may take it before the server does, so whoever starts a
    server tries again with another port when the first attempt dies early.

    Examples
    --------
    >>> 1024 <= free_port() < 65536
    True
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """A running server; everything it prints is in one file.

    Parameters
    ----------
    command
        Program and arguments.
    log
        File to append the server's output and errors to.
    environment
        The server's environment variables; ours if not given.

    Examples
    --------
    >>> import tempfile
    >>> log = Path(tempfile.mkstemp()[1])
    >>> server = ServerProcess(["sleep", "60"], log=log)
    >>> server.running
    True
    >>> server.stop()
    >>> server.running
    False
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.log = log
        """File with all the server has printed."""
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603  # the command is ours, not a user's
                ["/bin/sh", "-c", _GUARD, "guard", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the server, which the guarding shell has become."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server has not ended yet; true for a suspended one."""
        return self._process.poll() is None

    def pause(self) -> None:
        """Suspend the server (SIGSTOP): it keeps its connections, but answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended server go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a power cut would."""
        self._process.kill()
        self._dismiss_guard()

    def stop(self, *, patience_s: float = 10.0) -> None:
        """Ask the server to end (SIGTERM), and kill it if it has not after `patience_s` [s]."""
        self._process.terminate()
        # A suspended server sees the signal only when it goes on.
        self._process.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        self.kill()

    def log_tail(self, lines: int = 40) -> str:
        """Give the last `lines` lines that the server printed."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _dismiss_guard(self) -> None:
        self._process.wait()
        pipe = self._process.stdin
        if pipe is not None and not pipe.closed:
            # The guard is gone already if somebody killed the whole session.
            with contextlib.suppress(BrokenPipeError):
                pipe.write(b"\n")
                pipe.flush()
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
