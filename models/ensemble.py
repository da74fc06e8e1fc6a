"""Several trained networks as one more network: their probabilities averaged, layers and all.

A mean is less sure than its members, even where each of them is calibrated. So a layer ``logits``
follows, with a weight for a temperature, as the last layer of any other network has.
It is saved, verified, exported and served like any other; it costs what its members cost together.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["ENSEMBLE", "average"]

ENSEMBLE = "ensemble"
"""In a manifest's ``layers``: a list with the layers of each member, null for the usual ones."""

_LEAST = 1e-7
"""A probability closer to 0 is no better known than that, as in `models.evaluation.calibration`."""


def average(members: "Sequence[Callable[[], keras.Model]]") -> "keras.Model":
    """Return a network whose probabilities are the mean of its members', at temperature 1.

    Parameters
    ----------
    members
        Each builds one, all with the same input and the same classes.

    Raises
    ------
    ValueError
        If there is none, or they do not fit together.
    """
    import keras
    from keras import layers, ops

    networks = [build() for build in members]
    shapes = {(network.input_shape, network.output_shape) for network in networks}
    if len(shapes) != 1:
        raise ValueError(f"an ensemble needs members of one shape, not {sorted(shapes)}")
    inputs = keras.Input(networks[0].input_shape[1:], name="inputs")
    outputs = []
    for number, network in enumerate(networks, 1):
        network.name = f"member_{number}"  # layers of one network must differ in name
        outputs.append(network(inputs))
    mean = layers.Average(name="mean", dtype="float32")(outputs) if outputs[1:] else outputs[0]
    logits = layers.Dense(
        mean.shape[-1],
        use_bias=False,
        kernel_initializer="identity",
        dtype="float32",
        name="logits",
    )(ops.log(ops.maximum(mean, _LEAST)))
    probabilities = layers.Softmax(name="probabilities", dtype="float32")(logits)
    return keras.Model(inputs, probabilities, name=ENSEMBLE)
