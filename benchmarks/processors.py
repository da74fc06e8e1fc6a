"""Who uses the cores: our children, theirs, and everybody else, where ``/proc`` tells.

A figure of a machine that others use too says little, so each comes with the
cores that the others had meanwhile, and a benchmark can wait until they rest.
"""

import os
import time
from pathlib import Path

__all__ = ["children", "machine_seconds", "processor_seconds", "wait_until_quiet"]

QUIET_CORES = 0.1
"""Cores that others may use on a quiet machine."""

LOOK_S = 2.0


def children(pid: int | None = None) -> set[int]:
    """Return the processes that a process, by default this one, has started."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid or os.getpid()}/task").glob("*/children"):
        try:
            found |= {int(child) for child in task.read_text(encoding="ascii").split()}
        except OSError:  # the thread has ended
            continue
    return found


def processor_seconds(pids: set[int]) -> float:
    """Return the processor time of processes and all that they have started and still runs [s]."""
    return sum(_own_s(pid) + processor_seconds(children(pid)) for pid in pids)


def machine_seconds() -> float:
    """Return the processor time of all processes since the machine began [s]; 0 if unknown."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return 0.0
    ticks = [int(field) for field in fields]
    idle, waiting = ticks[3:5]
    guests = sum(ticks[8:])  # counted under user already
    return (sum(ticks) - idle - waiting - guests) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(timeout_s: float) -> bool:
    """Wait until hardly anybody uses the machine, and return whether it came to that."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        before_s = machine_seconds()
        time.sleep(LOOK_S)
        if machine_seconds() - before_s < QUIET_CORES * LOOK_S:
            return True
    return False


def _own_s(pid: int) -> float:
    try:
        # The name of the program, in brackets, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = fields[11], fields[12]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
