from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.strain_resnet.network import BLOCKS, SHIPPED, Settings, build
from models.strain_resnet.train import VARIANTS
from models.training.fused_normalization import FusedNormalization

WIDTHS = (24, 48, 96, 192)

NARROW = (8, 16, 32, 64)

SERIES = Settings(depth=16, dimensions=1, widths=WIDTHS)

PARAMETERS = {
    16: 10_734_529,
    18: 19_534_273,
    34: 21_298_625,
    50: 38_096_833,
    101: 74_966_977,
    152: 105_336_769,
}

CONVOLUTIONS = {16: 19, 18: 25, 34: 33, 50: 49, 101: 100, 152: 151}
"""On the main path, as counted in the seed."""


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


@pytest.fixture(scope="module")
def sixteen():
    keras.utils.set_random_seed(1)
    return build()


@pytest.mark.parametrize("depth", [16, 18, 34])
def test_it_has_the_parameters_of_the_seed(depth):
    assert build(Settings(depth=depth)).count_params() == PARAMETERS[depth]


@pytest.mark.slow
@pytest.mark.parametrize("depth", [50, 101, 152])
def test_the_deepest_have_the_parameters_of_the_seed(depth):
    assert build(Settings(depth=depth)).count_params() == PARAMETERS[depth]


def test_sixteen_does_not_train_what_the_seed_does_not(sixteen):
    frozen = sum(int(np.prod(weight.shape)) for weight in sixteen.non_trainable_weights)

    assert frozen == 16_256


def test_sixteen_begins_as_the_seed_does(sixteen):
    assert kinds(sixteen)[:13] == [
        "InputLayer",
        *("Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D"),
        *("Conv2D", "BatchNormalization", "ReLU"),
        *("Conv2D", "BatchNormalization", "ReLU"),
        *("Conv2D", "BatchNormalization"),
    ]


def test_sixteen_has_the_stage_outputs_of_the_seed(sixteen):
    shapes = [layer.output.shape[1:] for layer in sixteen.layers if kinds_of(layer) == "Add"]

    assert shapes == [
        (16, 31, 256),
        *((8, 16, 512),) * 2,
        *((4, 8, 1024),) * 2,
        (2, 4, 2048),
    ]
    assert sixteen.layers[1].output.shape[1:] == (32, 62, 64)


def kinds_of(layer):
    return type(layer).__name__


@pytest.mark.parametrize("depth", [16, 18, 34])
@pytest.mark.parametrize("dimensions", [1, 2])
def test_it_has_the_convolutions_of_the_seed(depth, dimensions):
    model = build(Settings(depth=depth, dimensions=dimensions, widths=NARROW))
    counts, bottleneck = BLOCKS[depth]
    projections = sum(counts) if bottleneck else 3

    convolutions = sum(kind.startswith("Conv") and "cat" not in kind for kind in kinds(model))

    assert convolutions == CONVOLUTIONS[depth] + projections


def test_no_convolution_has_a_bias(sixteen):
    assert not any(getattr(layer, "use_bias", False) for layer in sixteen.layers[:-5])


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [
        ("resnet10-1d", 419_841),
        ("resnet16-1d", 630_785),
        ("resnet18-1d", 1_150_081),
        ("resnet34-1d", 1_052_673),
        ("resnet16-2d-narrow", 679_153),
    ],
)
def test_the_networks_of_the_table_have_their_parameters(variant, parameters):
    assert build(VARIANTS[variant].layers).count_params() == parameters


def test_thirty_four_has_the_basic_blocks_of_the_seed():
    model = build(Settings(depth=34))
    block = ["Conv2D", "BatchNormalization", "ReLU", "Conv2D", "BatchNormalization", "Add", "ReLU"]
    adds = [layer.output.shape[1:] for layer in model.layers if kinds_of(layer) == "Add"]

    assert kinds(model)[5:19] == block * 2
    assert adds[0] == (16, 31, 64)
    assert [shape[2] for shape in adds] == [64] * 3 + [128] * 4 + [256] * 6 + [512] * 3


@pytest.mark.parametrize("dimensions", [1, 2])
def test_the_seeds_ResNet34_builds_too(dimensions):  # noqa: N802 - its name
    model = build(Settings(depth=34, dimensions=dimensions, widths=NARROW))

    assert kinds(model).count("Add") == 16


@pytest.mark.parametrize("depth", BLOCKS)
def test_a_series_network_has_the_blocks_of_its_depth(depth):
    model = build(Settings(depth=depth, dimensions=1, widths=NARROW))

    assert kinds(model).count("Add") == sum(BLOCKS[depth][0])


def test_the_smallest_has_the_layers_that_its_settings_say():
    """As many parameters as the sum over kernels, filters and normalisations, done by hand."""
    model = build(SHIPPED)
    adds = [layer.output.shape[1:] for layer in model.layers if kinds_of(layer) == "Add"]

    assert adds == [(256, 48), (128, 64), (64, 96), (32, 128)]
    assert kinds(model).count("Conv2D") == 2
    assert kinds(model).count("Conv1D") == 8 + 3
    assert model.count_params() == 4_736 + 32_640 + 53_760 + 114_432 + 214_016 + 257


def test_a_series_network_has_the_lengths_that_its_strides_give():
    model = build(SERIES)

    lengths = [layer.output.shape[1] for layer in model.layers if kinds_of(layer) == "Add"]

    assert lengths == [511, 256, 256, 128, 128, 64]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(widths=NARROW),
        SERIES,
        Settings(dimensions=1, widths=WIDTHS, front="shared", front_filters=8),
    ],
)
def test_rows_are_probabilities_that_sum_to_one(settings):
    inputs = np.random.default_rng(0).standard_normal((4, *settings.input_shape), np.float32)

    probabilities = np.asarray(build(settings)(inputs))

    assert probabilities.shape == (4, 2)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert probabilities.min() > 0


def test_the_shared_front_treats_the_detectors_alike():
    """Swapping two detectors swaps their features, and changes nothing else."""
    keras.utils.set_random_seed(2)
    model = build(Settings(dimensions=1, widths=WIDTHS, front="shared", front_filters=8))
    joined = next(
        layer for layer in reversed(model.layers) if isinstance(layer, keras.layers.Reshape)
    )
    front = keras.Model(model.input, joined.output)
    strain = np.random.default_rng(0).standard_normal((2, 2048, 3), np.float32)

    upright, swapped = (np.asarray(front(x)) for x in (strain, strain[..., [1, 0, 2]]))

    assert np.allclose(swapped[..., :8], upright[..., 8:16], atol=1e-5)
    assert np.allclose(swapped[..., 16:], upright[..., 16:], atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(depth=20), "there is no depth 20, only 10, 16, 18, 34, 50, 101, 152"),
        (Settings(widths=(64, 128)), "one for each of 4 stages, not \\(64, 128\\)"),
        (Settings(dimensions=3), "dimensions must be 1 or 2, not 3"),
        (Settings(front="shared"), "front must be one of"),
        (Settings(head="last"), "not 'last'"),
    ],
)
def test_what_there_is_not_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        build(settings)


# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_it_is_saved_and_loaded_without_custom_code(tmp_path):
    model = build(Settings(dimensions=1, widths=WIDTHS, front="shared", head="both", dropout=0.3))
    strain = np.random.default_rng(0).standard_normal((2, 2048, 3), np.float32)
    model.save(tmp_path / "network.keras")

    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)

    assert np.array_equal(np.asarray(loaded(strain)), np.asarray(model(strain)))


@pytest.mark.parametrize("shape", [(8, 16, 4), (8, 5, 6, 4)])
def test_quick_normalisation_is_batch_normalisation(shape):
    inputs = np.random.default_rng(1).normal(2, 3, shape).astype(np.float32)
    plain, quick = keras.layers.BatchNormalization(), FusedNormalization()
    expected = np.asarray(plain(inputs, training=True))

    made = np.asarray(quick(inputs, training=True))

    assert np.allclose(made, expected, atol=1e-4)
    assert all(
        np.allclose(one, other, rtol=1e-4, atol=1e-6)
        for one, other in zip(quick.get_weights(), plain.get_weights(), strict=True)
    )


def test_quick_layers_have_the_weights_of_the_plain_ones_in_their_order():
    keras.utils.set_random_seed(3)
    small = Settings(dimensions=1, widths=NARROW, front="shared", head="both")
    plain, quick = build(small), build(replace(small, quick=True))
    strain = np.random.default_rng(0).standard_normal((4, 2048, 3), np.float32)

    quick.set_weights(plain.get_weights())

    assert np.allclose(np.asarray(quick(strain)), np.asarray(plain(strain)), atol=1e-5)


def test_quick_layers_learn_as_the_plain_ones_do():
    keras.utils.set_random_seed(3)
    small = Settings(dimensions=1, widths=NARROW, front="shared", head="both")
    plain, quick = build(small), build(replace(small, quick=True))
    quick.set_weights(plain.get_weights())
    strain = np.random.default_rng(0).standard_normal((4, 2048, 3), np.float32)

    slopes = []
    for model in (plain, quick):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.log(model(strain, training=True)[:, 1]))
        slopes.append([np.asarray(g) for g in tape.gradient(loss, model.trainable_variables)])

    for one, other in zip(*slopes, strict=True):
        assert np.allclose(one, other, atol=1e-3 * np.abs(one).max() + 1e-6)
