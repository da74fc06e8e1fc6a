import multiprocessing

import keras
import numpy as np
import pytest

from models.artifact import load
from models.deep_hits.network import Settings as Layers
from models.deep_hits.network import build
from models.deep_hits.pool import Pool
from models.deep_hits.train import Settings, _join, train

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHORT = Settings(
    seed=5,
    steps=(80, 4),
    batch=(48, 32),
    rate=(2e-3, 3e-4),
    block=256,
    judged=(500, 1000),
    precision="float32",
)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The whole of the training, in half a minute."""
    folder = tmp_path_factory.mktemp("short")
    return train(SHORT, folder / "weights", folder / "runs", "2026.0.1"), folder


@pytest.mark.slow
def test_a_short_training_learns(short):
    metrics = short[0].manifest["metrics"]

    assert (
        metrics["accuracy"]["value"] > 0.65
    )  # chance is 0.5, its 95 % interval 0.03 to either side
    assert metrics["auc"] > 0.7


@pytest.mark.slow
def test_its_manifest_says_what_it_was_trained_on(short):
    manifest = load("deep_hits", short[1] / "weights").manifest

    assert manifest["training"]["data"] == "simulated"
    assert manifest["training"]["seed"] == 5
    assert manifest["metrics"]["data"] == "simulated"
    assert manifest["metrics"]["candidates"] == 1000


@pytest.mark.slow
def test_it_keeps_checkpoints_of_both_stages(short):
    checkpoints = {path.name for path in (short[1] / "runs").iterdir()}

    assert checkpoints == {"stage1.weights.h5", "stage2.weights.h5"}


@pytest.mark.slow
def test_it_ends_its_simulator(short):
    assert not multiprocessing.active_children()


def test_arch7_starts_as_the_mean_over_the_rotations(inputs):
    keras.utils.set_random_seed(2)
    one, four = build(Layers(rotations=1)), build()
    _join(one, four)
    first = next(layer for layer in one.layers if isinstance(layer, keras.layers.Dense))
    turned = [
        np.asarray(keras.Model(one.input, first.output)(np.rot90(inputs, k, axes=(1, 2)).copy()))
        for k in range(4)
    ]

    first = next(layer for layer in four.layers if isinstance(layer, keras.layers.Dense))
    joined = np.asarray(keras.Model(four.input, first.output)(inputs))

    assert np.allclose(joined, np.mean(turned, axis=0), atol=1e-4)


def test_a_pool_draws_each_candidate_about_as_often_as_asked():
    pool = Pool(seed=1, block=64, size=8, bright=0.0, reuse=4)
    try:
        before = pool.simulated
        batches = pool.batches(64)
        for _ in range(4 * before // 64):
            images, labels = next(batches)
        after = pool.simulated
    finally:
        pool.close()

    assert after == before
    assert images.shape == (64, 21, 21, 4)
    assert images.dtype == np.float32
    assert set(labels) <= {0, 1}
