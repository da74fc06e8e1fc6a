import json
import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from models import artifact as artifacts
from models.maxi_flare import MAXI_FLARE
from models.maxi_flare.blocks import draw_sample, simulate_block, turn
from models.maxi_flare.evaluate import evaluate
from models.maxi_flare.folds import draw_batches, fold_of
from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import preprocess
from models.maxi_flare.scoring import predict_with
from models.maxi_flare.simulate import blocks
from models.maxi_flare.train import VARIANTS, train
from models.runtime import open_runtime

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHORT = replace(
    VARIANTS["default"],
    seed=5,
    steps=150,
    batch=32,
    precision="float32",
    pool=8,
    folds=2,
    fold_images=200,
    fold_steps=6,
    validated=200,
    validate_every=75,
    judged=(500, 1000),
)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """The whole of the training, in half a minute."""
    folder = tmp_path_factory.mktemp("short")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "NETWORKS", {MAXI_FLARE.name: MAXI_FLARE})
        yield train(SHORT, out=folder / "weights", runs=folder / "runs", version="2026.0.1")


@pytest.fixture(scope="module")
def history(short):
    """The learning curve, as the run left it."""
    return json.loads((short.folder.parent / "runs" / "network" / "history.json").read_text())


@pytest.mark.slow
def test_a_short_training_learns(short):
    metrics = short.manifest["metrics"]

    assert metrics["accuracy"]["value"] > 0.7  # chance is 0.5, its 95 % interval 0.03 either side
    assert metrics["auc"]["value"] > 0.85


@pytest.mark.slow
def test_its_loss_falls(history):
    losses = [point["loss"] for point in history if "loss" in point]

    assert losses[-1] < 0.7 * losses[0]  # each the mean of fifty steps


@pytest.mark.slow
def test_its_manifest_has_the_learning_curve_of_the_run(short, history):
    assert short.manifest["training"]["learningCurve"] == history


@pytest.mark.slow
def test_its_manifest_says_what_it_was_trained_on(short):
    training, metrics = short.manifest["training"], short.manifest["metrics"]

    assert training["data"] == metrics["data"] == "simulated"
    assert training["seed"] == 5
    assert metrics["candidates"] == 1000


@pytest.mark.slow
def test_its_manifest_has_every_fold(short):
    found = short.manifest["metrics"]["crossValidation"]

    assert found["images"] == found["accuracy"]["n"] == 200
    assert [fold["n"] for fold in found["accuracyByFold"].values()] == [100, 100]


@pytest.mark.slow
def test_its_threshold_lets_one_empty_validation_image_in_a_hundred_through(short):
    network = MAXI_FLARE.build()
    network.load_weights(short.weights)
    held = draw_sample(SHORT.seed, "validation", SHORT.judged[0])
    score = predict_with(network)(held.inputs[held.labels == 0])

    share = (score >= short.threshold).mean()

    assert share == pytest.approx(0.01, abs=1 / len(score))  # or one image more or fewer


@pytest.mark.slow
def test_bright_flares_are_found_before_faint_ones(short):
    curve = short.manifest["metrics"]["efficiencyByFluxMcrab"]

    assert curve["700 to 1500"]["value"] > curve["10 to 15"]["value"] + 0.5


@pytest.mark.slow
def test_it_ends_its_simulator(short):
    assert not multiprocessing.active_children()


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["tensorflow", "openvino"])
def test_every_runtime_gives_the_same_probabilities(short, runtime):
    inputs = draw_sample(9, "test", 32).inputs
    network = MAXI_FLARE.build()
    network.load_weights(short.weights)
    expected = np.asarray(network(inputs))

    opened = open_runtime(short, runtime=runtime, precision="float32", batch_sizes=(32,))
    found = opened.infer(inputs)

    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(found, expected, atol=1e-4)


@pytest.mark.slow
def test_evaluating_it_again_gives_its_figures_and_plots(short, tmp_path, monkeypatch):
    monkeypatch.setattr("models.maxi_flare.evaluate._IMAGES", 1000)

    found = evaluate(short, plots=tmp_path)

    assert found["accuracy"]["value"] == short.manifest["metrics"]["accuracy"]["value"]
    assert {path.stem for path in tmp_path.iterdir()} == {
        *("roc", "det", "confusion", "calibration", "scores", "efficiency", "learning-curve")
    }


def test_a_block_for_training_is_what_serving_would_make_of_its_pictures():
    inputs, labels = simulate_block(3, 0)
    images = next(blocks(3, "train", 512))

    served = preprocess(np.stack([shrink(picture) for picture in images.pictures])).inputs

    assert np.array_equal(inputs, served.astype(np.float16))
    assert np.array_equal(labels, images.labels)


def test_a_sample_is_the_beginning_of_a_longer_one():
    short, longer = (draw_sample(4, "test", n) for n in (300, 600))

    assert len(longer.labels) == 600
    assert np.array_equal(short.inputs, longer.inputs[:300])
    assert np.array_equal(short.rings, longer.rings[:300])


def test_turning_keeps_every_pixel_of_its_image():
    inputs = np.random.default_rng(1).random((3, 32, 32, 1))
    turned = [turn(np.random.default_rng(seed), inputs, np.arange(3))[0] for seed in range(40)]

    assert len({images.tobytes() for images in turned}) == 8
    assert all(
        np.allclose(np.sort(i.reshape(3, -1)), np.sort(inputs.reshape(3, -1))) for i in turned
    )


def test_every_image_is_in_one_fold_of_the_same_size():
    fold = fold_of(20_000, 5)

    assert np.bincount(fold).tolist() == [4000] * 5


@pytest.fixture
def numbered():
    """Ten constant images, each with its number as label."""
    return np.broadcast_to(np.arange(10.0)[:, None, None, None], (10, 4, 4, 1)), np.arange(10)


def test_every_image_is_drawn_once_before_any_comes_again(numbered):
    batches = draw_batches(*numbered, seed=1, batch=4)(0)

    drawn = np.concatenate([labels for _, (_, labels) in zip(range(5), batches, strict=False)])

    assert sorted(drawn[:10].tolist()) == sorted(drawn[10:].tolist()) == list(range(10))
    assert drawn[:10].tolist() != drawn[10:].tolist()


def test_a_later_step_draws_what_it_would_have_drawn(numbered):
    draw = draw_batches(*numbered, seed=1, batch=4)
    batches = draw(0)
    fourth = [next(batches) for _ in range(4)][3]

    alone = next(draw(3))

    assert all(np.array_equal(a, b) for a, b in zip(fourth, alone, strict=True))


def test_an_image_keeps_its_label(numbered):
    inputs, labels = next(draw_batches(*numbered, seed=2, batch=7)(5))

    assert np.array_equal(inputs[:, 0, 0, 0], labels)
