"""Samples a second of the bare network, in every way that it can be run here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from benchmarks.bare import NETWORK, Case, measure_bare
from benchmarks.machine import describe_machine
from models.runtime import DeviceError
from pipeline.supervisor import cores

__all__ = ["RUNTIMES", "Options", "measure_network"]

RUNTIMES = ("openvino", "tensorflow")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to measure."""

    batches: Sequence[int] = (1, 32, 128, 256)
    runtimes: Sequence[str] = RUNTIMES
    repeats: int = 5
    seconds: float = 0.5
    """Length of one repeat [s]."""


def measure_network(options: Options, say: Callable[[str], None]) -> dict[str, Any]:
    """Run the network alone: each runtime and precision, with one thread and with all cores.

    Parameters
    ----------
    say
        Told what is being measured.

    Returns
    -------
    :
        For ``--json``: the machine, and ``rows`` with the median of each case. A
        case that this machine cannot run has ``unavailable``, the reason, instead.
    """
    machine = describe_machine()
    quick = Case(threads=1, batches=(1,), repeats=1, seconds=0.05)
    auto = measure_bare(quick)
    rows: list[dict[str, Any]] = []
    for runtime, precision, threads in product(options.runtimes, PRECISIONS, sorted({1, cores()})):
        say(f"{runtime} {precision}, {threads} thread{'s' * (threads > 1)}")
        case = Case(
            runtime=runtime,
            precision=precision,
            threads=threads,
            batches=options.batches,
            seconds=options.seconds,
            repeats=options.repeats,
        )
        row: dict[str, Any] = {"runtime": runtime, "precision": precision, "threads": threads}
        row["auto"] = (runtime, precision) == (auto.runtime, auto.precision)
        try:
            bare = measure_bare(case)
        except DeviceError as error:
            row["unavailable"] = str(error)
        else:
            row["device"] = bare.device
            row["samplesPerSecond"] = {str(k): round(v, 1) for k, v in bare.medians.items()}
        rows.append(row)
    return {
        "network": NETWORK,
        "input": "simulated stamps",
        "repeats": options.repeats,
        "rows": rows,
        "machine": machine,
    }
