"""Several networks as one more: built, saved, loaded, exported and served like any other."""

from dataclasses import asdict

import keras
import numpy as np
import pytest

from models import artifact as artifacts
from models.deep_hits import DEEP_HITS
from models.deep_hits.ensemble import ensemble
from models.deep_hits.network import Settings, build
from models.ensemble import average
from models.runtime import open_runtime

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


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
def test_other_layers_than_the_usual_ones_are_served(pooled, inputs, runtime):
    network = build(CYCLIC)
    network.load_weights(pooled.weights)

    assert np.allclose(
        probabilities(pooled, inputs, runtime), np.asarray(network(inputs)), atol=1e-5
    )


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
def test_an_ensemble_gives_the_mean_of_its_members(saved, pooled, pair, inputs, runtime):
    members = [probabilities(member, inputs, "openvino") for member in (saved, pooled)]

    found = probabilities(pair, inputs, runtime)

    assert np.allclose(found, np.mean(members, axis=0), atol=1e-4)


def test_an_ensemble_names_its_members(saved, pooled, pair):
    hashes = [member["weightsSha256"] for member in pair.manifest["training"]["members"]]

    assert hashes == [saved.weights_sha256, pooled.weights_sha256]


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
