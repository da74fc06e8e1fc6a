"""Networks, weights and simulated candidates, made once for all tests of the networks."""

import shutil

import numpy as np
import pytest

from models import artifact as artifacts
from models.deep_hits import DEEP_HITS
from models.deep_hits.simulate import simulate


@pytest.fixture(scope="session")
def candidates():
    """512 simulated candidates, the same in every run."""
    return simulate(np.random.default_rng(7), 512)


@pytest.fixture(scope="session")
def inputs(candidates):
    """What the network eats of the first 32 of them."""
    return DEEP_HITS.preprocess(candidates.samples[:32]).inputs


@pytest.fixture(scope="session")
def trained():
    """The weights that come with the project."""
    return artifacts.load("deep_hits")


@pytest.fixture
def untrained(saved, tmp_path):
    """Weights of an untrained network, a copy that a test may damage."""
    return artifacts.load("deep_hits", shutil.copytree(saved.folder, tmp_path / "weights"))


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """Weights of an untrained network, as they were saved."""
    import keras

    keras.utils.set_random_seed(3)
    return artifacts.save(
        DEEP_HITS,
        DEEP_HITS.build(),
        tmp_path_factory.mktemp("untrained"),
        version="2026.0.0",
        training={"data": "none"},
        metrics={},
        threshold=0.5,
        false_positive_rate=0.01,
        temperature=1.0,
    )
