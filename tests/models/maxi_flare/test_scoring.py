import keras
import numpy as np
import pytest

from models.maxi_flare.network import build
from models.maxi_flare.scoring import calibrate, fit_temperature, predict_with, probabilities

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def draw_labels(logits, temperature, rng):
    return (rng.random(len(logits)) < probabilities(logits / temperature)[:, 1]).astype(np.int64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_the_truth_is_found(temperature):
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 4, (8000, 2))

    found = fit_temperature(logits, draw_labels(logits, temperature, rng))

    assert found == pytest.approx(temperature, rel=0.12)


def test_probabilities_are_sigmoids_divided_by_their_sum():
    logits = np.array([[0.3, -2.0], [30.0, 1.0]])
    sigmoids = 1 / (1 + np.exp(-logits))

    assert np.allclose(probabilities(logits), sigmoids / sigmoids.sum(axis=1, keepdims=True))


def test_vanishing_sigmoids_keep_their_ratio():
    found = probabilities(np.array([[-1000.0, -1002.0]]))

    assert found[0, 0] / found[0, 1] == pytest.approx(np.exp(2))


def test_calibrating_divides_the_logits_of_the_network():
    keras.utils.set_random_seed(4)
    network, rng = build(), np.random.default_rng(2)
    inputs = rng.random((600, 32, 32, 1), np.float32)
    logits = np.asarray(keras.Model(network.input, network.get_layer("logits").output)(inputs))

    temperature = calibrate(network, inputs, rng.integers(0, 2, 600))

    assert temperature != 1
    expected = probabilities(logits / temperature)[:, 1]
    assert np.allclose(predict_with(network)(inputs), expected, atol=1e-4)
