"""Fold a temperature into the last layer of a network, which is called ``logits`` in all of them."""

import keras
import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from models.evaluation.calibration import cooled, fit_temperature, log_odds

__all__ = ["calibrate", "divide_logits"]


def calibrate(
    model: keras.Model, score: Float[ndarray, " n"], truth: Bool[ndarray, " n"]
) -> tuple[float, Float[ndarray, " n"]]:
    """Fit the temperature to scores of the validation split, and fold it in.

    For probabilities that are the softmax of the logits, or the sigmoid of a single one.

    Returns
    -------
    :
        The temperature, and what the layers say of the same events from now on.
    """
    temperature = fit_temperature(log_odds(score), truth.astype(np.int64))
    divide_logits(model, temperature)
    return temperature, cooled(score, temperature)


def divide_logits(model: keras.Model, temperature: float) -> None:
    """Divide what the last layer gives by a temperature: its weights, and its biases if any."""
    layer = model.get_layer("logits")
    layer.set_weights([weight / temperature for weight in layer.get_weights()])
