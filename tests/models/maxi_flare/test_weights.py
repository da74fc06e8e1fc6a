"""What the weights that come with the project say of the one real image, and their manifest."""

from pathlib import Path

import numpy as np
import pytest

from models import maxi_flare
from models.artifact import load
from models.maxi_flare.evaluate import prepare_file
from models.runtime import open_runtime


@pytest.fixture(scope="module")
def weights():
    if not (Path(maxi_flare.__file__).parent / "weights" / "manifest.json").is_file():
        pytest.skip("maxi_flare has no weights yet")
    return load("maxi_flare")


def test_the_real_image_is_a_flare_whichever_way_it_is_turned(weights, real_picture):
    inputs = prepare_file(real_picture)
    turned = np.concatenate([np.rot90(inputs, k, axes=(1, 2)) for k in range(4)])
    runtime = open_runtime(weights, runtime="openvino", precision="float32", batch_sizes=(4,))

    assert runtime.infer(turned)[:, 1].min() >= 0.9


def test_five_folds_are_right_in_98_of_100_images(weights):
    found = weights.manifest["metrics"]["crossValidation"]

    assert found["images"] == 20_000
    assert found["folds"] == 5
    assert found["accuracy"]["value"] >= 0.98


def test_they_are_those_of_the_lowest_validation_loss_of_their_learning_curve(weights):
    training = weights.manifest["training"]

    validation = [row["validation"] for row in training["learningCurve"] if "validation" in row]

    assert training["validationLoss"] == min(validation)
