"""The bare network: the same batch over and over, without Kafka, Avro or preprocessing.

Each measurement is a process of its own, or several at once where the daemon
has several workers: TensorFlow settles its threads once in a process, and the
networks of two workers share caches and memory as they do in the daemon.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.processors import machine_seconds, processor_seconds
from models import NETWORKS, artifact
from models.deep_hits.simulate import simulate
from models.network import FloatArray
from models.runtime import DeviceError, Runtime, open_runtime
from pipeline.errors import TransientError

__all__ = ["NETWORK", "Bare", "Case", "measure_bare"]

NETWORK = "deep_hits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A network and how it is run."""

    runtime: str = "auto"
    precision: str = "auto"
    threads: int
    batches: Sequence[int]
    processes: int = 1
    """Copies that run at the same time; their rates are added up."""

    seconds: float = 0.5
    """Length of one repeat [s]."""

    repeats: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """What a case came to."""

    runtime: str
    precision: str
    device: str
    rates: dict[int, list[float]]
    """Batch size to samples a second, one for each repeat."""

    other_cores: float
    """Cores that other programs used meanwhile."""

    @property
    def medians(self) -> dict[int, float]:
        """Batch size to samples a second."""
        return {size: median(rates) for size, rates in self.rates.items()}


def measure_bare(case: Case) -> Bare:
    """Run a network alone.

    Raises
    ------
    DeviceError
        If this machine cannot run it so; the message says why.
    TransientError
        If a process ended without an answer.
    """
    command = [sys.executable, "-m", "benchmarks.bare", json.dumps(asdict(case))]
    processes = [_start(command) for _ in range(case.processes)]
    try:
        answers = [_answer(process) for process in processes]  # warm, or why not
        for answer in answers:
            if "error" in answer:
                raise DeviceError(answer["error"])
        for process in processes:  # all at once
            process.stdin.write("go\n")  # type: ignore[union-attr]  # it is a pipe
            process.stdin.flush()  # type: ignore[union-attr]
        pids, began_s = {process.pid for process in processes}, time.perf_counter()
        others_s = processor_seconds(pids) - machine_seconds()
        measured = [_answer(process) for process in processes]
        others_s += machine_seconds() - processor_seconds(pids)
        other_cores = max(0.0, others_s / (time.perf_counter() - began_s))
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    rates = {
        int(size): [sum(repeat) for repeat in zip(*(m[size] for m in measured), strict=True)]
        for size in measured[0]
    }
    return Bare(**answers[0], rates=rates, other_cores=other_cores)


def _start(command: Sequence[str]) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
    )


def _answer(process: "subprocess.Popen[str]") -> dict[str, Any]:
    line = process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
    if not line:
        raise TransientError("a process that measures the bare network ended without an answer")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _inputs(rows: int) -> FloatArray:
    """Return preprocessed simulated stamps, shape ``(rows, *input_shape)``."""
    few = min(rows, 64)  # simulating takes longer than judging
    samples = simulate(np.random.default_rng(1), few).samples
    inputs = NETWORKS[NETWORK].preprocess(samples).inputs
    return np.resize(inputs, (rows, *inputs.shape[1:]))


def _rate(runtime: Runtime, inputs: FloatArray, seconds: float) -> float:
    """Return samples a second."""
    batches = 0
    began_s = time.perf_counter()
    while (passed_s := time.perf_counter() - began_s) < seconds:
        runtime.infer(inputs)
        batches += 1
    return batches * len(inputs) / passed_s


def _main(case: Case) -> None:
    try:
        runtime = open_runtime(
            artifact.load(NETWORK),
            runtime=case.runtime,
            precision=case.precision,
            threads=case.threads,
            batch_sizes=case.batches,
        )
    except DeviceError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    inputs = _inputs(max(case.batches))
    for size in case.batches:  # what the first call of a size sets up is no rate
        _rate(runtime, inputs[:size], 0.05)
    what = {"runtime": runtime.name, "precision": runtime.precision, "device": runtime.device}
    print(json.dumps(what), flush=True)
    sys.stdin.readline()
    rates: dict[int, list[float]] = {size: [] for size in case.batches}
    for _ in range(case.repeats):  # turn about, so that a disturbance hits all sizes alike
        for size in case.batches:
            rates[size].append(_rate(runtime, inputs[:size], case.seconds))
    print(json.dumps(rates), flush=True)
    sys.stdin.readline()  # our processor time is still to be read


if __name__ == "__main__":
    _main(Case(**json.loads(sys.argv[1])))
