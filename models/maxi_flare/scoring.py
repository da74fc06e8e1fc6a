"""What a trained network says of images, and the temperature that makes it mean what it says."""

from collections.abc import Callable

import keras
import numpy as np
from jaxtyping import Float, Float32, Integer
from numpy import ndarray

from models.training.calibrate import divide_logits

__all__ = ["Predict", "calibrate", "fit_temperature", "predict_with", "probabilities"]

Predict = Callable[[ndarray], ndarray]
"""Inputs ``(n, 32, 32, 1)`` to the probability of a flare, ``(n,)``."""

_BATCH = 500
_TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5), 401))


def predict_with(network: keras.Model) -> Predict:
    """Return the function that scores inputs of any number with a network, batch by batch."""

    def predict(inputs: Float32[ndarray, "n 32 32 1"]) -> Float32[ndarray, " n"]:
        return _in_batches(network, inputs)[:, 1]

    return predict


def calibrate(
    network: keras.Model, inputs: Float32[ndarray, "n 32 32 1"], labels: Integer[ndarray, " n"]
) -> float:
    """Fit the temperature on a validation split and fold it into the last dense layer."""
    logits = keras.Model(network.input, network.get_layer("logits").output)
    temperature = fit_temperature(_in_batches(logits, inputs), labels)
    divide_logits(network, temperature)
    return temperature


def fit_temperature(logits: Float[ndarray, "n 2"], labels: Integer[ndarray, " n"]) -> float:
    """Return the temperature at which divided logits give the likeliest probabilities.

    The probabilities are normalised sigmoids, for which `models.evaluation.calibration` has no
    temperature: that one is for a softmax.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
    """
    rows = np.arange(len(labels))
    loss = [
        -np.log(np.maximum(probabilities(logits / temperature)[rows, labels], 1e-12)).mean()
        for temperature in _TEMPERATURES
    ]
    return float(_TEMPERATURES[int(np.argmin(loss))])


def probabilities(logits: Float[ndarray, "n 2"]) -> Float[ndarray, "n 2"]:
    """Return the sigmoids of two logits, divided by their sum, as the network computes them."""
    logarithms = -np.logaddexp(0, -logits)
    odds = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _in_batches(network: keras.Model, inputs: ndarray) -> ndarray:
    parts = [
        np.asarray(network.predict_on_batch(inputs[i : i + _BATCH]), np.float32)
        for i in range(0, len(inputs), _BATCH)
    ]
    return np.concatenate(parts)
