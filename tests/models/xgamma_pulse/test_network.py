from dataclasses import asdict

import keras
import numpy as np
import pytest

from models.artifact import load
from models.training.fused_normalization import FusedNormalization
from models.xgamma_pulse import XGAMMA_PULSE
from models.xgamma_pulse.network import SERVED, VARIANTS, LstmFcn, ResNet, build

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CONVOLUTIONS = ["Conv1D", "FusedNormalization", "ReLU"] * 3 + ["GlobalAveragePooling1D"]


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:-2]]


def convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]


@pytest.mark.parametrize(
    ("samples", "parameters"), [(200, 272_690), (500, 282_290), (1000, 298_290)]
)
def test_lstm_fcn_has_the_published_number_of_parameters(samples, parameters):
    assert build(LstmFcn(), samples).count_params() == parameters


def test_its_convolutional_branch_has_the_published_number_of_parameters():
    model = build(LstmFcn(cells=0))

    assert model.count_params() - model.get_layer("logits").count_params() == 265_728


@pytest.mark.parametrize(
    ("variant", "parameters"),
    [("resnet10", 232_098), ("resnet16", 627_234), ("ncnn", 265_986), ("lstm", 6_706)],
)
def test_the_other_networks_keep_their_number_of_parameters(variant, parameters):
    assert build(VARIANTS[variant]).count_params() == parameters


def test_ncnn_is_the_convolutional_branch_alone():
    assert kinds(build(VARIANTS["ncnn"])) == CONVOLUTIONS


def test_the_lstm_alone_reads_the_waveform_as_one_step():
    assert kinds(build(VARIANTS["lstm"])) == ["Permute", "LSTM", "Dropout"]


@pytest.mark.parametrize("variant", ["lstm", "lstm_fcn"])
def test_what_the_lstm_finds_is_dropped_at_the_published_rate(variant):
    dropped = [
        layer
        for layer in build(VARIANTS[variant]).layers
        if isinstance(layer, keras.layers.Dropout)
    ]

    assert [layer.rate for layer in dropped] == [0.8]
    assert dropped[0].input.shape[1:] == (8,)


def test_lstm_fcn_joins_both_branches():
    model = build(VARIANTS["lstm_fcn"])

    assert sorted(kinds(model)) == sorted(
        [*CONVOLUTIONS, "Permute", "LSTM", "Dropout", "Concatenate"]
    )
    assert model.get_layer("logits").input.shape[1:] == (8 + 128,)


def test_the_convolutions_have_the_published_filters_and_kernels():
    found = [(layer.filters, layer.kernel_size) for layer in convolutions(build(LstmFcn()))]

    assert found == [(128, (8,)), (256, (5,)), (128, (3,))]


@pytest.mark.parametrize("depth", [2, 10, 16, 34])
def test_the_depth_counts_the_convolutions_in_the_shortcuts(depth):
    model = build(ResNet(depth=depth))

    assert len(convolutions(model)) == depth + 1  # and the stem
    assert sum(isinstance(layer, keras.layers.Add) for layer in model.layers) == depth // 2


@pytest.mark.parametrize(
    ("variant", "shapes"),
    [
        ("resnet10", [(200, 32), (100, 32), (100, 32), (50, 32), (50, 64)]),
        (
            "resnet16",
            [(200, 32), (100, 32), (100, 32), (50, 32), (50, 64), (25, 64), (25, 64), (13, 64)],
        ),
    ],
)
def test_the_residual_networks_keep_their_shapes(variant, shapes):
    model = build(VARIANTS[variant])

    joined = [
        layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Add)
    ]

    assert joined == shapes


@pytest.mark.parametrize("depth", [0, 3, -2])
def test_an_odd_depth_is_refused(depth):
    with pytest.raises(ValueError, match=f"not {depth}"):
        ResNet(depth=depth)


@pytest.mark.parametrize("variant", VARIANTS)
def test_probabilities_sum_to_one(variant):
    waveforms = np.random.default_rng(1).normal(size=(3, 200, 1)).astype(np.float32)

    probabilities = np.asarray(build(VARIANTS[variant])(waveforms))

    assert probabilities.shape == (3, 2)
    assert probabilities.sum(axis=1) == pytest.approx(1)


def test_a_manifest_may_name_another_variant():
    assert XGAMMA_PULSE.build({"variant": "lstm"}).count_params() == 6_706


def test_what_is_built_unasked_is_the_network_of_the_shipped_weights():
    training = load("xgamma_pulse").manifest["training"]

    assert training["network"] == SERVED
    assert training["hyperparameters"] == asdict(VARIANTS[SERVED])


def test_the_shipped_weights_fit_what_is_built_unasked():
    build().load_weights(load("xgamma_pulse").weights)


@pytest.mark.parametrize("training", [True, False])
def test_normalisation_does_as_keras_does(training):
    values = np.random.default_rng(2).normal(3, 2, (8, 50, 4)).astype(np.float32)
    ours, theirs = FusedNormalization(), keras.layers.BatchNormalization()
    for layer in (ours, theirs):
        layer.build(values.shape)

    outputs = [np.asarray(layer(values, training=training)) for layer in (ours, theirs)]

    assert outputs[0] == pytest.approx(outputs[1], abs=1e-5)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert mine == pytest.approx(other, rel=1 / 390, abs=1e-6)  # n / (n - 1) of the variance
