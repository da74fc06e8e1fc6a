"""Find the processes that a test started and did not end."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["children_left_behind"]

# The one that multiprocessing starts once and keeps for the life of the interpreter.
KEPT = ("multiprocessing.resource_tracker",)
PATIENCE_S = 5.0
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans() -> None:
    """Make this process the parent of its descendants whose parent has died (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants() -> dict[int, str]:
    """Give the command line of each living descendant of this process, by process id.

    Empty where there is no ``/proc``.
    """
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # pid (name) state parent …; the name may contain spaces and brackets.
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(status.parent.name)] = int(parent)
    found: dict[int, str] = {}
    pending = [os.getpid()]
    while pending:
        parent = pending.pop()
        for pid in (pid for pid, its_parent in parents.items() if its_parent == parent):
            pending.append(pid)
            with contextlib.suppress(OSError):
                line = (
                    Path(f"/proc/{pid}/cmdline")
                    .read_bytes()
                    .replace(b"\0", b" ")
                    .decode(errors="replace")
                )
                if not any(kept in line for kept in KEPT):
                    found[pid] = line.strip()
    return found


@contextlib.contextmanager
def children_left_behind() -> Iterator[list[str]]:
    """Give a list that holds, after the ``with`` block, what the block started and left running.

    Whatever is still there after a little patience is killed.
    """
    adopt_orphans()
    before = descendants()
    left: list[str] = []
    yield left
    deadline_s = time.monotonic() + PATIENCE_S
    while new := {pid: line for pid, line in descendants().items() if pid not in before}:
        if time.monotonic() > deadline_s:
            break
        time.sleep(0.02)
    for pid, line in new.items():
        left.append(f"{pid}: {line[:200]}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
