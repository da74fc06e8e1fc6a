"""Find the processes that a test started and did not end.

A process that lost its parent belongs to init and is nobody's child, so the
search is for a variable in the environment, which all descendants inherit.
Works where there is a ``/proc`` (Linux); elsewhere nothing is found.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["children_left_behind"]

MARK = f"PYTEST_RUN={os.getpid()}"
os.environ.update([MARK.split("=")])

# multiprocessing starts this one once and keeps it for the life of the interpreter.
KEPT = "multiprocessing.resource_tracker"


def descendants() -> dict[int, str]:
    """Give the command line of each living descendant of this process, by process id."""
    mark = f"{MARK}\0".encode()
    children = _children()
    found = {}
    for pid in (int(name) for name in _listed("/proc") if name.isdigit()):
        # It may end while we look, or belong to somebody else.
        with contextlib.suppress(OSError):
            if pid in children or mark in Path(f"/proc/{pid}/environ").read_bytes():
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                # Z has ended, and its parent will hear of it.
                if state not in "ZX" and KEPT not in line:
                    found[pid] = line.strip()
    return found


@contextlib.contextmanager
def children_left_behind(*, patience_s: float = 5.0) -> Iterator[list[str]]:
    """Give a list that holds, after the ``with`` block, what the block started and left running.

    Whatever is still there after `patience_s` [s] is killed.
    """
    before = descendants()
    left: list[str] = []
    yield left
    deadline_s = time.monotonic() + patience_s
    while (new := descendants().keys() - before) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    for pid, line in descendants().items():
        if pid in new:
            left.append(f"{pid}: {line[:200]}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _children() -> set[int]:
    """Give our own children: those with an empty environment have no mark."""
    found: set[int] = set()
    for thread in _listed("/proc/self/task"):
        with contextlib.suppress(OSError):
            children = Path(f"/proc/self/task/{thread}/children").read_text().split()
            found.update(int(pid) for pid in children)
    return found


def _listed(folder: str) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208  # ten times as fast, twice for each test
    return []
