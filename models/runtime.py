"""Run a trained network: one small interface, two runtimes behind it.

A runtime is opened for a few fixed batch sizes and runs each of them once, so that the first
message waits for nothing. It belongs to one thread at a time, and lets go of Python's lock while
the network computes.

**How ``auto`` chooses.** On a GPU it is TensorFlow, the only one of the two that drives it. On a
CPU it is OpenVINO wherever that is installed: it is ready in a second, where TensorFlow takes five
to ten and half a gigabyte to import, and it is the faster one in float32. In bfloat16 the two were
too close to tell apart. The best of three rounds for Deep-HiTS at batch 256, in stamps a second, on
two cores of a Xeon with AMX **that other work kept busy** (load 3 to 5), so lower bounds all:

========= ======= ======== ==========
precision threads OpenVINO TensorFlow
========= ======= ======== ==========
bfloat16  2       3,261    3,347
bfloat16  1       2,846    3,345
float32   2       1,106    844
float32   1       529      591
========= ======= ======== ==========

``skytriage bench network`` measures them on a machine of your own. The choice is a rule and no race,
because a race would pay for importing TensorFlow each time.

**How far they agree.** Probabilities of the same stamps differ from TensorFlow's in float32 by at
most `TOLERANCE`; the tests hold every runtime to it. Measured on 5,120 simulated candidates: 6e-7 in
float32, 0.020 in bfloat16, where one decision of the 5,120 changed.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from models.artifact import Artifact
from models.network import FloatArray

__all__ = [
    "BATCH_SIZES",
    "TOLERANCE",
    "DeviceError",
    "Runtime",
    "check_batch",
    "cpu_model",
    "open_runtime",
]

BATCH_SIZES = (1, 8, 32, 128, 256)
"""Batch sizes that are warmed if no others are asked for."""

TOLERANCE = {"float32": 1e-4, "bfloat16": 0.03}
"""Largest difference of a probability from float32 on the same stamps."""


class DeviceError(RuntimeError):
    """The device, precision or runtime that was asked for is not there: do not start."""


@runtime_checkable
class Runtime(Protocol):
    """A network, loaded and warm."""

    name: str
    """``"openvino"`` or ``"tensorflow"``."""

    precision: str
    """``"float32"`` or ``"bfloat16"``: that of the convolutions."""

    device: str
    """What it really runs on, such as ``"CPU: Intel(R) Xeon(R) Processor"``."""

    batch_sizes: tuple[int, ...]
    """The sizes that were warmed, ascending."""

    def infer(self, inputs: FloatArray) -> FloatArray:
        """Return calibrated probabilities.

        Parameters
        ----------
        inputs
            Shape ``(batch, *input_shape)``, batch being one of `batch_sizes`.

        Returns
        -------
        :
            Shape ``(batch, classes)``, rows summing to 1. The caller's to keep.

        Raises
        ------
        ValueError
            If the shape is another.
        """
        ...


def open_runtime(
    artifact: Artifact,
    *,
    runtime: str = "auto",
    device: str = "cpu",
    threads: int = 0,
    precision: str = "auto",
    batch_sizes: Sequence[int] = BATCH_SIZES,
) -> Runtime:
    """Load a network onto a device and warm it.

    Parameters
    ----------
    runtime
        ``"auto"``, ``"openvino"`` or ``"tensorflow"``.
    device
        ``"cpu"``, ``"gpu"`` (the first one), ``"gpu:1"``; TensorFlow also takes ``"cpu:1"``, its
        logical devices. Another device than this one is never used.
    threads
        Cores to use; 0 leaves it to the runtime.
    precision
        ``"float32"``, ``"bfloat16"``, or ``"auto"``: bfloat16 where the CPU has AMX for it,
        else float32.
    batch_sizes
        Sizes to warm, in any order.

    Raises
    ------
    DeviceError
        If what was asked for is not there; the message says what is.
    ValueError
        If an argument is none of the above.
    """
    sizes = tuple(sorted(set(batch_sizes)))
    if not sizes or sizes[0] < 1:
        raise ValueError(f"batch sizes must be at least 1, not {tuple(batch_sizes)}")
    if threads < 0:
        raise ValueError(f"threads must be at least 0, not {threads}")
    kind, _, index = device.lower().partition(":")
    if kind not in ("cpu", "gpu") or not (index or "0").isdigit():
        raise ValueError(f'device must be like "cpu", "gpu" or "gpu:1", not {device!r}')
    number = int(index or 0)
    if precision not in ("auto", "float32", "bfloat16"):
        raise ValueError(f'precision must be "auto", "float32" or "bfloat16", not {precision!r}')
    if precision == "auto":
        precision = "bfloat16" if kind == "cpu" and has_amx() else "float32"
    if runtime == "auto":
        plain = (kind, number) == ("cpu", 0)
        runtime = "openvino" if plain and importlib.util.find_spec("openvino") else "tensorflow"
    if runtime == "openvino":
        from models.runtime_openvino import OpenVinoRuntime

        if (kind, number) != ("cpu", 0):
            raise DeviceError(
                f"{device!r} was asked for, but the openvino runtime only drives the CPU;"
                f" the tensorflow runtime drives GPUs"
            )
        return OpenVinoRuntime(artifact, threads=threads, precision=precision, batch_sizes=sizes)
    if runtime == "tensorflow":
        from models.runtime_tensorflow import TensorFlowRuntime

        return TensorFlowRuntime(
            artifact,
            device=(kind, number),
            threads=threads,
            precision=precision,
            batch_sizes=sizes,
        )
    raise ValueError(f'runtime must be "auto", "openvino" or "tensorflow", not {runtime!r}')


def has_amx() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware (Intel AMX), as far as we can see."""
    return "amx_bf16" in _cpuinfo("flags").split()


def cpu_model() -> str:
    """Return what the CPU calls itself, or an empty string."""
    return _cpuinfo("model name")


def _cpuinfo(key: str) -> str:
    """Value of the first such line of ``/proc/cpuinfo``; empty on other systems than Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").splitlines()
    except OSError:
        return ""
    values = (line.partition(":")[2].strip() for line in lines if line.split("\t")[0] == key)
    return next(values, "")


def check_batch(runtime: Runtime, artifact: Artifact, inputs: FloatArray) -> None:
    """Raise `ValueError` unless the batch has one of the runtime's shapes."""
    if len(inputs) not in runtime.batch_sizes or inputs.shape[1:] != artifact.network.input_shape:
        raise ValueError(
            f"inputs have shape {inputs.shape}, but {artifact.network.name} takes batches of"
            f" {runtime.batch_sizes} with shape {artifact.network.input_shape}"
        )
