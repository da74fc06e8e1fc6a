import keras
import numpy as np
import pytest

from models.maxi_flare.network import Settings, build


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(1)
    return build()


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(2).random((16, 32, 32, 1), np.float32)


def shapes_of(kind, network):
    return [tuple(layer.output.shape[1:]) for layer in network.layers if isinstance(layer, kind)]


def test_it_has_the_parameters_of_the_original(network):
    assert network.count_params() == 275_618


def test_1216_of_them_are_not_trained(network):
    assert sum(int(np.prod(w.shape)) for w in network.non_trainable_weights) == 1216


def test_its_convolutions_are_the_stem_and_three_of_each_block(network):
    kernels = [w.shape for w in network.get_weights() if w.ndim == 4]

    first = [(3, 3, 32, 32), (1, 1, 32, 32), (3, 3, 32, 32)]
    widen = [(3, 3, 32, 64), (1, 1, 32, 64), (3, 3, 64, 64)]
    last = [(3, 3, 64, 64), (1, 1, 64, 64), (3, 3, 64, 64)]
    assert sorted(kernels) == sorted([(5, 5, 1, 32), *first * 3, *widen, *last * 2])


def test_every_convolution_has_a_bias(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]

    assert len(convolutions) == 19
    assert all(layer.use_bias for layer in convolutions)


def test_only_the_shortcuts_are_not_he_normal(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    glorot = {
        layer
        for layer in convolutions
        if isinstance(layer.kernel_initializer, keras.initializers.GlorotUniform)
    }

    assert glorot == {layer for layer in convolutions if layer.kernel_size == (1, 1)}


def test_the_pools_halve_the_image_twice(network):
    pools = [layer for layer in network.layers if isinstance(layer, keras.layers.MaxPooling2D)]

    assert [(p.pool_size, p.strides, p.padding) for p in pools] == [
        ((3, 3), (2, 2), "same"),
        ((2, 2), (2, 2), "valid"),
    ]
    assert shapes_of(keras.layers.MaxPooling2D, network) == [(16, 16, 32), (8, 8, 32)]


def test_six_blocks_end_in_a_sum(network):
    assert shapes_of(keras.layers.Add, network) == [(16, 16, 32)] * 3 + [(8, 8, 64)] * 3


def test_nothing_is_activated_after_a_sum(network):
    sums = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
    after = [node.operation for layer in sums for node in layer._outbound_nodes]

    assert not any(isinstance(layer, keras.layers.ReLU) for layer in after)


def test_normalisation_has_the_defaults_of_keras(network):
    kind = keras.layers.BatchNormalization
    norms = [layer for layer in network.layers if isinstance(layer, kind)]

    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.99, 1e-3)}
    assert len(norms) == 13


def test_its_head_pools_globally_into_two_outputs(network):
    assert shapes_of(keras.layers.GlobalAveragePooling2D, network) == [(64,)]
    assert shapes_of(keras.layers.Dense, network) == [(2,)]


def test_its_probabilities_are_the_sigmoids_of_the_original_divided_by_their_sum(network, pictures):
    original = build(Settings(normalised=False))
    original.set_weights(network.get_weights())
    sigmoids = np.asarray(original(pictures))

    probabilities = np.asarray(network(pictures))

    assert not np.allclose(sigmoids.sum(axis=1), 1, atol=0.01)
    assert np.allclose(probabilities, sigmoids / sigmoids.sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_its_loss_is_that_of_the_original(network, pictures, name):
    """The sigmoids, divided by their sum. Given sigmoids, Keras 3 takes a softmax of their logits."""
    original = build(Settings(normalised=False))
    original.set_weights(network.get_weights())
    sigmoids = np.asarray(original(pictures))
    labels = np.arange(16) % 2
    expected = -np.log(sigmoids[np.arange(16), labels] / sigmoids.sum(axis=1)).mean()

    truth = labels if name.startswith("sparse") else np.eye(2, dtype=np.float32)[labels]
    loss = np.mean(keras.losses.get(name)(truth, network(pictures)))

    assert loss == pytest.approx(expected, rel=1e-4)


def test_two_vanishing_sigmoids_still_make_probabilities(network, pictures):
    dark = build()
    dark.set_weights(network.get_weights())
    dark.get_layer("logits").bias.assign([-300.0, -310.0])

    probabilities = np.asarray(dark(pictures))

    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)


# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded_without_custom_code(network, pictures, tmp_path):
    network.save(tmp_path / "network.keras")

    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)

    assert np.array_equal(np.asarray(loaded(pictures)), np.asarray(network(pictures)))
