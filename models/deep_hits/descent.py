"""The descent of Deep-HiTS between two iterations: weights, late steps, patience, history."""

from collections import deque
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy import ndarray

from models.deep_hits.parameters import Parameters
from models.deep_hits.patience import Patience
from models.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)

__all__ = ["Descent", "rates_until"]

_BUFFER = 10_000
"""Newest candidates whose error in training stands beside that of the validation."""

_AT_ONCE = 500


def rates_until(parameters: Parameters, iteration: int) -> float:
    """Return the learning rate of an iteration.

    It is multiplied at the multiples of ``stepsize`` above iteration 1, before the step of that
    iteration.
    """
    first = 1 if parameters.stepsize > 1 else 2
    steps = max(0, iteration // parameters.stepsize - (first - 1))
    return parameters.base_lr * parameters.gamma**steps


class Descent:
    """A network on its way down.

    Parameters
    ----------
    network
        Untrained layers.
    folder
        Of the checkpoints.

    Notes
    -----
    The original updates weights and steps at the same time, so that a step ``v`` is taken one
    iteration after the gradient it comes from, without momentum too::

        p(t+1) = p(t) - v(t)        v(t+1) = momentum * v(t) + rate * gradient(p(t))
    """

    def __init__(self, network: keras.Model, parameters: Parameters, folder: Path) -> None:
        self.network, self.rate, self.iteration = network, parameters.base_lr, 0
        self.patience = Patience(iterations=parameters.ini_patience)
        self.history: dict[str, list[float]] = {
            "iter_val_history": [],
            "val_loss_history": [],
            "val_err_history": [],
            "iter_train_buf_history": [],
            "train_buf_err_history": [],
        }
        self._folder, self._momentum = folder, parameters.momentum
        self._steps = [tf.Variable(tf.zeros_like(w.value)) for w in network.trainable_variables]
        self._best = network.get_weights()
        self._wrong: deque[float] = deque(maxlen=_BUFFER // parameters.batch_size)
        self._update = tf.function(self._one_step)

    def step(self, inputs: ndarray, labels: ndarray) -> None:
        """Take the last step, and find the next one."""
        rate = tf.constant(self.rate, tf.float32)
        self._wrong.append(float(self._update(tf.constant(inputs), tf.constant(labels), rate)))
        self.iteration += 1

    def validate(self, inputs: ndarray, labels: ndarray) -> dict[str, Any]:
        """Measure loss and error, and keep the weights if they are the best so far."""
        probability = np.concatenate(
            [
                np.asarray(self.network.predict_on_batch(inputs[start : start + _AT_ONCE]))
                for start in range(0, len(inputs), _AT_ONCE)
            ]
        )
        right = np.maximum(probability[np.arange(len(labels)), labels], 1e-30)
        loss, error = float(-np.log(right).mean()), float((probability.argmax(1) != labels).mean())
        before, self.patience = self.patience, self.patience.after(self.iteration, error)
        if self.patience.best < before.best:
            self._best = self.network.get_weights()
        values = (self.iteration, loss, error)
        for name, value in zip(list(self.history)[:3], values, strict=True):
            self.history[name].append(value)
        if self._wrong:
            self.history["iter_train_buf_history"].append(self.iteration)
            self.history["train_buf_err_history"].append(float(np.mean(self._wrong)))
        return {"loss": loss, "error": error, "patience": self.patience.iterations}

    def keep_best(self) -> None:
        """Go back to the weights of the best validation."""
        self.network.set_weights(self._best)

    def newest(self) -> int | None:
        """Return the iteration of the newest checkpoint."""
        names = (path.name.removesuffix("_state.npz") for path in self._folder.glob("*_state.npz"))
        return max((int(name) for name in names if name.isdigit()), default=None)

    def save(self, prefix: str) -> None:
        """Write ``<prefix>_state.npz``."""
        groups = {"best": self._best, "wrong": [np.array(self._wrong)]}
        arrays = {
            f"{owner}/{i}": v for owner, values in groups.items() for i, v in enumerate(values)
        }
        arrays |= {name: np.asarray(value) for name, value in self._variables().items()}
        facts = {
            "iteration": self.iteration,
            "patience": self.patience.facts(),
            "history": self.history,
        }
        write_checkpoint(self._path(prefix), Checkpoint(arrays=arrays, facts=facts))

    def restore(self, iteration: int) -> None:
        """Go on from ``<iteration>_state.npz``.

        Raises
        ------
        CheckpointError
            If there is none, it is not whole, or it is of another network.
        """
        path = self._path(str(iteration))
        saved = read_checkpoint(path)
        variables = self._variables()
        if not set(variables) <= set(saved.arrays):
            raise CheckpointError(f"{path} is of another network")
        for name, variable in variables.items():
            variable.assign(saved.arrays[name])
        self._best = [saved.arrays[f"best/{number}"] for number in range(len(self._best))]
        self._wrong.extend(saved.arrays["wrong/0"].tolist())
        self.iteration, self.history = saved.facts["iteration"], saved.facts["history"]
        self.patience = Patience(**saved.facts["patience"])

    def _path(self, prefix: str) -> Path:
        return self._folder / f"{prefix}_state.npz"

    def _variables(self) -> dict[str, Any]:
        both = {"network": self.network.variables, "step": self._steps}
        return {f"{owner}/{i}": v for owner, values in both.items() for i, v in enumerate(values)}

    def _one_step(self, inputs: tf.Tensor, labels: tf.Tensor, rate: tf.Tensor) -> tf.Tensor:
        """Update in place; return the share of the batch that was wrong before."""
        weights = self.network.trainable_variables
        with tf.GradientTape() as tape:
            probability = self.network(inputs, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, probability))
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        for weight, step, gradient in zip(weights, self._steps, gradients, strict=True):
            weight.value.assign_sub(step)
            step.assign(self._momentum * step + rate * gradient)
        wrong = tf.argmax(probability, axis=1) != tf.cast(labels, tf.int64)
        return tf.reduce_mean(tf.cast(wrong, tf.float32))
