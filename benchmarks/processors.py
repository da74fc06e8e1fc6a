"""Who uses the cores: processor time of our children and theirs, where ``/proc`` tells."""

import os
from pathlib import Path

__all__ = ["children", "processor_seconds"]


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


def _own_s(pid: int) -> float:
    try:
        # The name of the program, in brackets, may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = fields[11], fields[12]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
