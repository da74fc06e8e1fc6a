"""OpenVINO: the fast way to run a network on a CPU, without TensorFlow in the process."""

from collections.abc import Sequence

import numpy as np

from models.artifact import Artifact
from models.network import FloatArray
from models.runtime import DeviceError, check_batch

__all__ = ["OpenVinoRuntime"]

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoRuntime:
    """One compiled network per batch size; see `models.runtime.Runtime`."""

    name = "openvino"

    def __init__(
        self, artifact: Artifact, *, threads: int, precision: str, batch_sizes: Sequence[int]
    ) -> None:
        import openvino

        core = openvino.Core()
        if "CPU" not in core.available_devices:
            raise DeviceError(f"OpenVINO finds no CPU plugin, only {core.available_devices}")
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bfloat16" and "BF16" not in capabilities:
            raise DeviceError(f"bfloat16 was asked for, but this CPU has {sorted(capabilities)}")
        options = {
            "PERFORMANCE_HINT": "LATENCY",  # one batch at a time, with all threads
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,  # several workers would be pinned to the same cores
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        self.precision = precision
        self.device = f"CPU: {core.get_property('CPU', 'FULL_DEVICE_NAME').strip()}"
        self.batch_sizes = tuple(batch_sizes)
        self._artifact = artifact
        self._requests = {}
        shape = artifact.network.input_shape
        for size in self.batch_sizes:
            model = core.read_model(artifact.openvino_model)
            model.reshape([size, *shape])
            self._requests[size] = core.compile_model(model, "CPU", options).create_infer_request()
            self.infer(np.zeros((size, *shape), np.float32))

    def infer(self, inputs: FloatArray) -> FloatArray:
        """Return calibrated probabilities; see `models.runtime.Runtime.infer`."""
        check_batch(self, self._artifact, inputs)
        batch = np.ascontiguousarray(inputs, np.float32)
        outputs = self._requests[len(batch)].infer([batch], share_inputs=True, share_outputs=True)
        return np.array(outputs[0])  # the request writes its next answer over this one
