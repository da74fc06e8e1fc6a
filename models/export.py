"""A trained network for OpenVINO, so that a CPU needs no TensorFlow.

The variables become constants first: OpenVINO 2026.4 fails to find some variables of a saved
model that has many or nested ones ("Cannot find requested variable"). And not by
``openvino.convert_model``: that one reports its use to a server.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["write_openvino"]


def write_openvino(model: "keras.Model", path: Path) -> None:
    """Trace a network with a free batch axis, and write the trace.

    Parameters
    ----------
    model
        Trained layers with one input, ``(batch, *input_shape)`` in float32.
    path
        The ``.xml``; the weights go beside it.
    """
    import openvino
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    signature = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="inputs")
    traced = tf.function(
        lambda inputs: {"probabilities": model(inputs, training=False)}, input_signature=[signature]
    )
    frozen = convert_variables_to_constants_v2(traced.get_concrete_function())
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "graph.pb"
        graph.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        ir = openvino.Core().read_model(graph)
        ir.inputs[0].get_tensor().set_names({"inputs"})
        ir.outputs[0].get_tensor().set_names({"probabilities"})
        openvino.save_model(ir, path, compress_to_fp16=False)  # it reads the graph until here
