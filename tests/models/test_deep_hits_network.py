import keras
import numpy as np
import pytest

from models.deep_hits.network import FEATURES, Settings, build


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return build()


def test_it_has_the_parameters_of_arch7(network):
    assert network.count_params() == 697_858


def test_its_layers_are_those_of_arch7(network):
    shapes = [tuple(weight.shape) for weight in network.get_weights()]

    assert shapes == [
        *((4, 4, 4, 32), (32,)),
        *((3, 3, 32, 32), (32,)),
        *((3, 3, 32, 64), (64,)),
        *((3, 3, 64, 64), (64,)),
        *((3, 3, 64, 64), (64,)),
        *((9216, 64), (64,)),
        *((64, 64), (64,)),
        *((64, 2), (2,)),
    ]


def test_the_first_convolution_gives_24_by_24(network):
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))

    assert first.output.shape[1:] == (24, 24, 32)


def test_the_pools_come_after_the_first_and_after_the_last_of_the_small_convolutions(network):
    pools = [layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]

    assert [pool.output.shape[1:] for pool in pools] == [(12, 12, 32), (6, 6, 64)]


def test_every_hidden_activation_leaks_a_hundredth(network):
    leaks = [layer.negative_slope for layer in network.layers if hasattr(layer, "negative_slope")]

    assert leaks == [0.01] * 7


def test_half_of_the_dense_units_are_dropped_in_training(network):
    dropped = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]

    assert dropped == [0.5, 0.5]


@pytest.mark.parametrize("index", [0, 10, 14])
def test_weights_start_as_he_normal(network, index):
    weights = network.get_weights()[index]
    fan_in = np.prod(weights.shape[:-1])

    assert weights.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.12)


def test_rows_sum_to_one(network, inputs):
    probabilities = np.asarray(network(inputs))

    assert probabilities.shape == (32, 2)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)


def test_turning_the_input_permutes_the_four_blocks_of_features(network, inputs):
    features = keras.Model(network.input, network.get_layer(FEATURES).output)
    upright = np.asarray(features(inputs)).reshape(32, 4, 2304)

    turned = np.asarray(features(np.rot90(inputs, axes=(1, 2)).copy())).reshape(32, 4, 2304)

    assert np.allclose(turned, np.roll(upright, -1, axis=1), atol=1e-4)


def test_the_blocks_are_those_of_rot90(network, inputs):
    features = keras.Model(network.input, network.get_layer(FEATURES).output)
    blocks = np.asarray(features(inputs)).reshape(32, 4, 2304)

    half_turned = np.asarray(features(np.rot90(inputs, 2, axes=(1, 2)).copy()))

    assert np.allclose(half_turned[:, :2304], blocks[:, 2], atol=1e-4)


# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded_without_custom_code(network, inputs, tmp_path):
    network.save(tmp_path / "network.keras")

    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)

    assert np.array_equal(np.asarray(loaded(inputs)), np.asarray(network(inputs)))


def test_one_orientation_has_a_quarter_of_the_features():
    assert build(Settings(rotations=1)).get_layer(FEATURES).output.shape[1:] == (2304,)


CYCLIC = Settings(pooled=True, activation="ReLU")


def test_the_pooled_relative_has_the_layers_of_enhanced_deep_hits():
    network = build(CYCLIC)

    shapes = [tuple(weight.shape) for weight in network.get_weights()]

    assert shapes == [
        *((4, 4, 4, 32), (32,)),
        *((3, 3, 32, 32), (32,)),
        *((3, 3, 32, 64), (64,)),
        *((3, 3, 64, 64), (64,)),
        *((3, 3, 64, 64), (64,)),
        *((2304, 64), (64,)),
        *((64, 64), (64,)),
        *((64, 2), (2,)),
    ]
    assert network.count_params() == 255_490


def test_the_pooled_relative_is_invariant_under_rotation(inputs):
    keras.utils.set_random_seed(4)
    network = build(CYCLIC)

    upright, turned = (np.asarray(network(np.rot90(inputs, k, (1, 2)).copy())) for k in (0, 3))

    assert np.allclose(upright, turned, atol=1e-5)


def test_the_pooled_relative_has_plain_rectifiers():
    activations = [
        layer.activation for layer in build(CYCLIC).layers if type(layer).__name__ == "Activation"
    ]

    assert activations == [keras.activations.relu] * 7


def test_with_tanh_the_last_layer_starts_at_zero():
    network = build(Settings(activation="tanh"))

    assert not network.get_layer("logits").get_weights()[0].any()
