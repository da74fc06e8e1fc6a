import subprocess
import sys

import pytest

from models import NETWORKS, Network


def test_importing_the_networks_loads_no_framework():
    code = "import models, sys; print({'tensorflow', 'keras', 'openvino'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_listed_under_its_name(name):
    assert NETWORKS[name].name == name


@pytest.mark.parametrize("name", NETWORKS)
def test_its_layers_take_the_shape_and_give_the_classes_it_states(name):
    network = NETWORKS[name]

    layers = network.build()

    assert layers.input_shape[1:] == network.input_shape
    assert layers.output_shape[1:] == (len(network.classes),)


def test_the_positive_class_must_be_the_last(candidates):
    deep_hits = NETWORKS["deep_hits"]

    with pytest.raises(ValueError, match="'bogus' must be the last of"):
        Network(
            name="other",
            classes=("bogus", "real"),
            positive="bogus",
            sample_shape=deep_hits.sample_shape,
            input_shape=deep_hits.input_shape,
            preprocess=deep_hits.preprocess,
            build=deep_hits.build,
        )
