"""Several networks as one more: built, saved, loaded, exported and served like any other."""

import importlib
from dataclasses import asdict

import keras
import numpy as np
import pytest

from models import NETWORKS
from models import artifact as artifacts
from models.deep_hits import DEEP_HITS
from models.deep_hits.ensemble import ensemble
from models.deep_hits.network import Settings, build
from models.ensemble import average
from models.runtime import open_runtime
from models.strain_resnet.network import Settings as StrainLayers
from models.strain_resnet.network import build as build_strain
from models.strain_resnet.train import network_of
from models.training.calibrate import calibrate
from models.training.ensemble import open_mean, save_mean

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CYCLIC = Settings(pooled=True, activation="ReLU")


def save(network, folder, **options):
    return artifacts.save(
        DEEP_HITS,
        network,
        folder,
        version="2026.0.0",
        training={"data": "none"},
        metrics={},
        threshold=0.5,
        false_positive_rate=0.01,
        temperature=1.0,
        **options,
    )


@pytest.fixture(scope="module")
def pooled(tmp_path_factory):
    """Weights of the pooled relative, untrained."""
    keras.utils.set_random_seed(8)
    return save(build(CYCLIC), tmp_path_factory.mktemp("pooled"), layers=asdict(CYCLIC))


@pytest.fixture(scope="module")
def pair(saved, pooled, tmp_path_factory):
    """The mean of an arch7 and a pooled relative."""
    folders = [saved.folder, pooled.folder]
    out = tmp_path_factory.mktemp("pair")
    return ensemble(folders, out=out, version="2026.0.2", judged=(500, 500))


def probabilities(artifact, inputs, runtime):
    opened = open_runtime(artifact, runtime=runtime, precision="float32", batch_sizes=(32,))
    return opened.infer(inputs)


def divided(found, temperature):
    """Divide the log-odds of two probabilities."""
    powers = found ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
def test_other_layers_than_the_usual_ones_are_served(pooled, inputs, runtime):
    network = build(CYCLIC)
    network.load_weights(pooled.weights)

    assert np.allclose(
        probabilities(pooled, inputs, runtime), np.asarray(network(inputs)), atol=1e-5
    )


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
def test_an_ensemble_gives_the_mean_of_its_members_at_its_temperature(
    saved, pooled, pair, inputs, runtime
):
    members = [probabilities(member, inputs, "openvino") for member in (saved, pooled)]

    found = probabilities(pair, inputs, runtime)

    assert np.allclose(found, divided(np.mean(members, axis=0), pair.temperature), atol=1e-4)


def test_a_mean_that_is_less_sure_than_it_may_be_is_calibrated():
    rng = np.random.default_rng(4)
    truth_odds = rng.normal(0, 4, 20_000).astype(np.float32)
    truth = rng.random(20_000) < 1 / (1 + np.exp(-truth_odds))
    halved = np.stack([0 * truth_odds, truth_odds / 2], axis=1)
    mean = average([lambda: keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])] * 2)

    temperature, score = calibrate(mean, np.asarray(mean(halved))[:, 1], truth)

    assert temperature == pytest.approx(0.5, rel=0.05)
    assert np.allclose(np.asarray(mean(halved))[:, 1], score, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_averaged(name, tmp_path):
    shipped = artifacts.load(name)
    module = importlib.import_module(f"models.{name}.ensemble")

    twice = module.ensemble(
        [shipped.folder] * 2, out=tmp_path, version="2026.0.3", judged=(500, 500)
    )

    shape = shipped.network.input_shape
    some = np.random.default_rng(5).normal(0, 1, (32, *shape)).astype(np.float32)
    once, found = (probabilities(one, some, "openvino") for one in (shipped, twice))
    assert np.allclose(found, divided(once, twice.temperature), atol=1e-4)
    assert 0.5 < twice.temperature < 2  # those that are shipped are calibrated
    assert twice.manifest["metrics"]["accuracy"]["n"] == 500


def test_an_ensemble_names_its_members(saved, pooled, pair):
    hashes = [member["weightsSha256"] for member in pair.manifest["training"]["members"]]

    assert hashes == [saved.weights_sha256, pooled.weights_sha256]


@pytest.fixture(scope="module")
def imaging(tmp_path_factory):
    """Weights of a small untrained strain network on images."""
    layers = StrainLayers(depth=10, widths=(4, 4, 4, 4))
    return artifacts.save(
        network_of(layers),
        build_strain(layers),
        tmp_path_factory.mktemp("imaging"),
        version="2026.0.0",
        training={"data": "none"},
        metrics={},
        threshold=0.5,
        false_positive_rate=0.01,
        temperature=1.0,
        layers=asdict(layers),
    )


@pytest.mark.slow
def test_strain_networks_on_images_can_be_averaged(imaging, tmp_path):
    module = importlib.import_module("models.strain_resnet.ensemble")

    twice = module.ensemble(
        [imaging.folder] * 2, out=tmp_path, version="2026.0.3", judged=(250, 250)
    )

    loaded = artifacts.load("strain_resnet", tmp_path)
    assert loaded.weights_sha256 == twice.weights_sha256
    assert loaded.network.build().input_shape[1:] == imaging.network.input_shape


def test_networks_of_different_inputs_are_not_averaged(imaging):
    shipped = artifacts.load("strain_resnet")

    with pytest.raises(artifacts.ArtifactError, match="of one input can be averaged, not of"):
        open_mean(shipped.network, [shipped.folder, imaging.folder])


def test_ensembles_can_be_averaged_again(pair, saved, inputs, tmp_path):
    mean = open_mean(DEEP_HITS, [pair.folder, saved.folder])
    again = save_mean(
        mean,
        tmp_path,
        version="2026.0.4",
        seed=1,
        metrics={},
        threshold=0.5,
        false_positive_rate=0.01,
        temperature=1.0,
    )

    found = [probabilities(again, inputs, runtime) for runtime in ("openvino", "tensorflow")]

    members = [probabilities(member, inputs, "openvino") for member in (pair, saved)]
    assert np.allclose(found, np.mean(members, axis=0), atol=1e-4)


def test_an_ensemble_of_one_is_that_one(inputs):
    keras.utils.set_random_seed(9)
    alone = build()

    assert np.allclose(np.asarray(average([lambda: alone])(inputs)), np.asarray(alone(inputs)))


def test_members_of_several_shapes_are_refused():
    with pytest.raises(ValueError, match="an ensemble needs members of one shape, not"):
        average([build, lambda: build(Settings(channels=3))])


def test_an_ensemble_of_none_is_refused():
    with pytest.raises(ValueError, match="an ensemble needs members of one shape, not"):
        average([])
