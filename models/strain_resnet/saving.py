"""Save the weights of a variant with `models.artifact`, which knows only the networks it lists.

Two things stand in the way, and both are put out of it for as long as the saving takes. A variant has
another input than the network that is listed, or the network has no weights yet and is not listed.
And OpenVINO fails to find some variables of a saved model with many of them ("Cannot find requested
variable", 2026.4), so it is given a graph in which they are constants.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from models import artifact as artifacts
from models.network import Network

__all__ = ["saving"]


@contextmanager
def saving(network: Network) -> Iterator[None]:
    """Let `models.artifact.save` take this network, and export it as constants."""
    names = vars(artifacts)
    before = {name: names[name] for name in ("NETWORKS", "_export")}
    names["NETWORKS"] = {**before["NETWORKS"], network.name: network}
    names["_export"] = _export
    try:
        yield
    finally:
        names.update(before)


def _export(model: keras.Model, network: Network, path: Path) -> None:
    """Trace the network with a free batch axis, make its variables constants, write for OpenVINO."""
    import openvino
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    signature = tf.TensorSpec((None, *network.input_shape), tf.float32, name="inputs")
    traced = tf.function(
        lambda inputs: {"probabilities": model(inputs, training=False)}, input_signature=[signature]
    )
    graph = convert_variables_to_constants_v2(traced.get_concrete_function()).graph
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "graph.pb"
        file.write_bytes(graph.as_graph_def().SerializeToString())
        ir = openvino.Core().read_model(file)
        ir.inputs[0].get_tensor().set_names({"inputs"})
        ir.outputs[0].get_tensor().set_names({"probabilities"})
        openvino.save_model(ir, path, compress_to_fp16=False)  # it reads the file until here
