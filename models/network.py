"""What a network is to the rest of the project: a value that describes it, without TensorFlow.

::

    samples -preprocess-> Preprocessed.inputs -Runtime.infer-> probabilities

A `Network` names the shapes and the classes, holds the one preprocessing function that training
and serving share, and knows how to build its untrained layers. It holds no weights (see
`models.artifact`) and runs nothing (see `models.runtime`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

__all__ = ["FloatArray", "Network", "Preprocessed"]

FloatArray: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessed:
    """A batch that a network can eat, and what had to be done to it."""

    inputs: FloatArray
    """Shape ``(batch, *input_shape)``, always finite. A rejected row is all zeros."""

    quality: Mapping[str, FloatArray]
    """Numbers per row, each of shape ``(batch,)``; 0 everywhere means a clean sample."""

    rejected: Mapping[int, str]
    """Row to reason, for samples that nothing can be said of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """One network: its shapes, its classes, its preprocessing and its layers.

    Raises
    ------
    ValueError
        If the positive class is not the last one.
    """

    name: str
    """Name of the network and of its folder in ``models/``, such as ``"deep_hits"``."""

    classes: tuple[str, ...]
    """Class of each column of the output, the positive one last."""

    positive: str
    """The class whose probability is compared with the threshold."""

    sample_shape: tuple[int, ...]
    """Shape of what the pipeline hands over per event, before preprocessing."""

    input_shape: tuple[int, ...]
    """Shape of what the layers eat per event."""

    preprocess: Callable[[FloatArray], Preprocessed]
    """``(batch, *sample_shape)`` to `Preprocessed`: total, and one row never changes another."""

    build: "Callable[[], keras.Model]"
    """Return the untrained layers; Keras is imported when this is called."""

    with_input_of: "Callable[[Network, Mapping[str, Any]], Network] | None" = None
    """Return the network with the input that the layers of a manifest eat, where it may be another."""

    def __post_init__(self) -> None:
        if not self.classes or self.classes[-1] != self.positive:
            raise ValueError(
                f"the positive class {self.positive!r} must be the last of {self.classes}"
            )
