import multiprocessing

import keras
import numpy as np
import pytest

from models.artifact import load
from models.deep_hits.network import Settings as Layers
from models.deep_hits.network import build
from models.deep_hits.surveys import SURVEYS
from models.deep_hits.train import VARIANTS, block, join, train, turn

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The whole of the training, in half a minute."""
    folder = tmp_path_factory.mktemp("short")
    made = train(VARIANTS["short"], out=folder / "out", runs=folder / "runs", version="2026.0.1")
    return made, folder


@pytest.mark.slow
def test_a_short_training_learns(short):
    metrics = short[0].manifest["metrics"]

    # chance is 0.5, its 95 % interval 0.03 to either side
    assert metrics["accuracy"]["value"] > 0.6
    assert metrics["auc"]["value"] > 0.7
    assert metrics["mixed"]["auc"]["value"] > 0.65


@pytest.mark.slow
def test_its_manifest_says_what_it_was_trained_on(short):
    manifest = load("deep_hits", short[1] / "out").manifest

    assert manifest["training"]["data"] == "simulated"
    assert manifest["training"]["seed"] == VARIANTS["short"].seed
    assert manifest["metrics"]["data"] == "simulated"
    assert manifest["metrics"]["candidates"] == 1000
    curve = [point["loss"] for point in manifest["training"]["learningCurve"]]
    assert np.mean(curve[-10:]) < 0.95 * np.mean(curve[:10])
    assert set(SURVEYS) == {manifest["metrics"]["survey"], "mixed"}


@pytest.mark.slow
def test_both_stages_are_kept_and_a_second_run_has_nothing_to_do(short):
    folder = short[1]

    again = train(
        VARIANTS["short"], out=folder / "again", runs=folder / "runs", version="2", resume=True
    )

    first, second = build(), build()
    first.load_weights(short[0].weights)
    second.load_weights(again.weights)
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    assert {path.name for path in (folder / "runs").iterdir()} == {"stage1", "stage2"}


@pytest.mark.slow
def test_it_ends_its_simulators(short):
    assert not multiprocessing.active_children()


def test_arch7_starts_as_the_mean_over_the_rotations(inputs):
    keras.utils.set_random_seed(2)
    one, four = build(Layers(rotations=1)), build()
    four.set_weights(join(one.get_weights(), four.get_weights()))
    first = next(layer for layer in one.layers if isinstance(layer, keras.layers.Dense))
    turned = [
        np.asarray(keras.Model(one.input, first.output)(np.rot90(inputs, k, axes=(1, 2)).copy()))
        for k in range(4)
    ]

    first = next(layer for layer in four.layers if isinstance(layer, keras.layers.Dense))
    joined = np.asarray(keras.Model(four.input, first.output)(inputs))

    assert np.allclose(joined, np.mean(turned, axis=0), atol=1e-4)


def test_a_block_depends_on_its_number_alone():
    images, labels = block(3, 5)
    again, _ = block(3, 5)

    assert np.array_equal(images, again)
    assert not np.array_equal(images[:10], block(3, 6)[0][:10])
    assert labels.mean() == pytest.approx(0.5, abs=0.07)


def test_turning_keeps_every_stamp_in_one_of_its_orientations(inputs):
    turned, labels = turn(np.random.default_rng(0), inputs, np.arange(32))

    for image, original in zip(turned, inputs, strict=True):
        mirrored = original[:, ::-1]
        eight = [np.rot90(one, k) for one in (original, mirrored) for k in range(4)]
        assert any(np.array_equal(image, one) for one in eight)
    assert labels.tolist() == list(range(32))
    assert not np.array_equal(turned, inputs)
