import json
import multiprocessing
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from models import NETWORKS
from models import artifact as artifacts
from models.runtime import open_runtime
from models.strain_resnet import STRAIN_RESNET
from models.strain_resnet.card import by_mass, by_snr, table
from models.strain_resnet.network import SHIPPED
from models.strain_resnet.network import Settings as Layers
from models.strain_resnet.preprocess import IMAGE_SHAPE, preprocess_images
from models.strain_resnet.simulate import blocks
from models.strain_resnet.train import VARIANTS, Settings, network_of, train
from models.strain_resnet.training_blocks import image_block, series_block
from pipeline.errors import ConfigurationError
from pipeline.lanes import open_lane
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.slow
def test_a_short_training_learns(short):
    """Of signals five times as loud. Chance is 0.5, its 95 % interval 0.05 to either side."""
    metrics = short[0].manifest["metrics"]

    assert metrics["auc"]["value"] > 0.65
    assert metrics["data"] == "simulated"


@pytest.mark.slow
def test_the_loss_falls(short):
    losses = [
        point["loss"] for point in short[0].manifest["training"]["learningCurve"] if "loss" in point
    ]

    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.slow
def test_its_manifest_says_how_it_was_trained(short):
    training = short[0].manifest["training"]

    assert training["simulator"].startswith("models.strain_resnet.simulate")
    assert training["layers"]["depth"] == 16
    assert training["seed"] == 7


@pytest.mark.slow
def test_it_ends_its_simulators(short):
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_finished_run_gives_the_same_weights_again(short, short_settings):
    first, folder = short
    runs, out = folder / "runs", folder / "again"

    again = train(short_settings, out=out, runs=runs, version="2026.0.1", resume=True)

    weights = [made.network.build() for made in (first, again)]
    for made, layers in zip((first, again), weights, strict=True):
        layers.load_weights(made.weights)
    for one, other in zip(*(layers.get_weights() for layers in weights), strict=True):
        assert np.allclose(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_the_list_of_networks_is_as_it_was(short):
    assert artifacts.NETWORKS is NETWORKS


@pytest.mark.slow
def test_its_manifest_makes_a_line_of_the_model_card(short):
    lines = table([short[0].manifest]).splitlines()

    assert len(lines) == 3
    assert lines[2].startswith("| ResNet16, 1-D, width 8 | ")
    assert lines[2].count("|") == lines[0].count("|")


@pytest.mark.slow
def test_the_model_card_has_every_bin_of_loudness_and_mass(short):
    manifest = short[0].manifest
    efficiency = manifest["metrics"]["efficiency"]

    loudness, masses = by_snr(manifest).splitlines(), by_mass(manifest, "0.01")

    assert len(loudness) == 2 + len(efficiency)
    assert all(line.count("|") == loudness[0].count("|") for line in loudness)
    assert masses.count(" of ") == len(efficiency["0.01"]["byMass"])


def test_the_layers_of_a_manifest_are_built():
    layers = asdict(Layers(depth=18, dimensions=1, widths=(8, 16, 32, 64)))

    assert STRAIN_RESNET.build(layers).name == "resnet18_1d"
    assert STRAIN_RESNET.build().name == "resnet10_1d"


@pytest.mark.parametrize("make", [series_block, image_block])
def test_a_block_follows_from_seed_and_number(make):
    inputs, labels = make(3, 2)

    again = make(3, 2)

    assert inputs.dtype == np.float16
    assert np.array_equal(inputs, again[0])
    assert np.array_equal(labels, again[1])
    assert not np.array_equal(labels, make(3, 3)[1])


def test_a_block_of_training_is_none_of_the_test():
    labels = series_block(3, 0)[1]

    assert not np.array_equal(labels[:250], next(blocks(3, "test", 250)).labels)


def test_simulating_loads_no_framework():
    code = (
        "import models.strain_resnet.training_blocks, models.strain_resnet.matched_filter, sys;"
        " print({'tensorflow', 'keras', 'openvino'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_training_and_serving_prepare_alike():
    strain = next(blocks(3, "train", 512, first=2)).samples

    assert np.array_equal(
        series_block(3, 2)[0], STRAIN_RESNET.preprocess(strain).inputs.astype(np.float16)
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_has_the_input_of_its_layers(name):
    network = network_of(VARIANTS[name].layers)

    made = network.preprocess(np.zeros((1, 3, 4096), np.float32)).inputs

    assert made.shape[1:] == network.input_shape == VARIANTS[name].layers.input_shape


def test_the_first_variant_is_the_one_that_is_shipped():
    manifest = artifacts.load("strain_resnet").manifest

    assert next(iter(VARIANTS.values())).layers == SHIPPED
    assert json.loads(json.dumps(asdict(SHIPPED))) == manifest["layers"]


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A network on images, trained for a moment: its artifact."""
    folder = tmp_path_factory.mktemp("images")
    settings = Settings(
        layers=Layers(depth=16, widths=(4, 8, 16, 32), momentum=0.9),
        steps=8,
        batch=16,
        precision="float32",
        pool=1,
        processes=0,
        validated=512,
        validate_every=8,
        judged=(250, 250),
        loudness=5.0,
    )
    return train(settings, out=folder / "weights", runs=folder / "runs", version="2026.0.1")


@pytest.mark.slow
def test_weights_on_images_are_loaded_with_their_input(images):
    loaded = artifacts.load("strain_resnet", images.folder)

    assert loaded.network.input_shape == IMAGE_SHAPE
    assert loaded.network.preprocess is preprocess_images


@pytest.mark.slow
def test_weights_on_images_judge_segments(images):
    strain = next(blocks(3, "test", 4)).samples
    runtime = open_runtime(images, batch_sizes=(4,))

    probabilities = runtime.infer(images.network.preprocess(strain).inputs)

    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)


@pytest.mark.slow
def test_weights_on_images_are_refused_for_running_strain(images):
    with pytest.raises(ConfigurationError, match="judged as series of"):
        open_lane(
            "strain",
            StreamSettings(topics=["strain"], weights=images.folder),
            SchemaSettings(),
            WorkerSettings(),
            threads=1,
        )
