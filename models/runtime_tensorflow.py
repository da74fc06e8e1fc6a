"""TensorFlow: the way to a GPU, and to any of TensorFlow's logical devices.

The device that was asked for is the one that is used: soft placement is off, and after warming
the outputs must have been computed there.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from models.artifact import Artifact
from models.network import FloatArray
from models.runtime import DeviceError, check_batch, cpu_model

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["TensorFlowRuntime"]

_log = logging.getLogger(__name__)

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


class TensorFlowRuntime:
    """One traced function per batch size; see `models.runtime.Runtime`.

    Parameters
    ----------
    device
        ``("cpu", 0)``, ``("gpu", 1)``: a logical device of TensorFlow.
    """

    name = "tensorflow"

    def __init__(
        self,
        artifact: Artifact,
        *,
        device: tuple[str, int],
        threads: int,
        precision: str,
        batch_sizes: Sequence[int],
    ) -> None:
        import keras
        import tensorflow as tf

        _prepare(threads)
        self._place = _find(*device)
        self._tensorflow = tf
        policy = keras.config.dtype_policy()
        try:
            keras.config.set_dtype_policy(_POLICIES[precision])
            with tf.device(self._place):
                model = artifact.network.build()
        finally:
            keras.config.set_dtype_policy(policy)
        model.load_weights(artifact.weights)
        model.trainable = False
        self.precision = precision
        self.device = _describe(self._place)
        self.batch_sizes = tuple(batch_sizes)
        self._artifact = artifact
        # XLA pays on a GPU; on a CPU its convolutions are several times slower than oneDNN's
        forward = tf.function(lambda x: model(x, training=False), jit_compile=device[0] == "gpu")
        self._functions = {}
        for size in self.batch_sizes:
            shape = (size, *artifact.network.input_shape)
            with tf.device(self._place):
                function = forward.get_concrete_function(tf.TensorSpec(shape, tf.float32))
            self._functions[size] = function
            self._verify(self._run(np.zeros(shape, np.float32)))

    def infer(self, inputs: FloatArray) -> FloatArray:
        """Return calibrated probabilities; see `models.runtime.Runtime.infer`."""
        check_batch(self, self._artifact, inputs)
        return np.asarray(self._run(inputs).numpy(), np.float32)

    def _run(self, inputs: FloatArray) -> "tf.Tensor":
        with self._tensorflow.device(self._place):
            batch = self._tensorflow.constant(inputs, self._tensorflow.float32)
            return self._functions[len(inputs)](batch)

    def _verify(self, output: "tf.Tensor") -> None:
        if not output.device.endswith(self._place):
            raise DeviceError(f"{self._place} was asked for, but {output.device} computed")


def _prepare(threads: int) -> None:
    """Limit threads, forbid silent placement, and let GPU memory grow instead of taking it all."""
    import tensorflow as tf

    tf.config.set_soft_device_placement(False)
    try:
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:  # the first one to open TensorFlow in a process decides
        running = tf.config.threading.get_intra_op_parallelism_threads()
        if threads not in (0, running):
            _log.warning("TensorFlow already runs with %d threads, not %d", running, threads)


def _find(kind: str, number: int) -> str:
    """Return TensorFlow's name for a device, such as ``"/device:GPU:1"``.

    Raises
    ------
    DeviceError
        If there is no such device.
    """
    import tensorflow as tf

    place = f"/device:{kind.upper()}:{number}"
    there = [device.name for device in tf.config.list_logical_devices()]
    if place not in there:
        built = (
            "" if tf.test.is_built_with_cuda() else ", and this TensorFlow is built without CUDA"
        )
        raise DeviceError(
            f"{kind}:{number} was asked for, but TensorFlow finds only"
            f" {', '.join(name.removeprefix('/device:') for name in there)}{built}"
        )
    return place


def _describe(place: str) -> str:
    """``"GPU:0 NVIDIA L4"`` or ``"CPU:0 Intel(R) Xeon(R) Processor"``."""
    import tensorflow as tf

    name = place.removeprefix("/device:")
    kind, _, number = name.partition(":")
    if kind == "CPU":
        return f"{name} {cpu_model()}".strip()
    physical = tf.config.list_physical_devices(kind)
    if int(number) >= len(physical):  # a slice of a GPU
        return name
    details = tf.config.experimental.get_device_details(physical[int(number)])
    return f"{name} {details.get('device_name', '')}".strip()
