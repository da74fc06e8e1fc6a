"""What is asked of a background before the night starts, and what is said of it."""

from dataclasses import replace

import pytest

from models.artifact import load as load_artifact
from models.strain_resnet.background import save
from pipeline.errors import ConfigurationError
from pipeline.running.open import open_running
from pipeline.settings import RunningSettings
from tests.running_strain import INFO, background, running_lane


@pytest.fixture
def opened(tmp_path):
    """Opens running strain with the shipped weights and another background."""
    shipped = load_artifact("strain_resnet")
    for path in shipped.folder.iterdir():
        if path.name != "background.json":
            (tmp_path / path.name).symlink_to(path)

    def open_with(measured):
        save(replace(measured, weights_sha256=shipped.weights_sha256), tmp_path)
        info = replace(INFO, name="strain_resnet", weights_sha256=shipped.weights_sha256)
        records = running_lane(info=info).records
        return open_running(records, RunningSettings(), tmp_path)

    return open_with


def without(measured, *names):
    kept = {name: one for name, one in measured.combinations.items() if name not in names}
    return replace(measured, combinations=kept)


def test_a_detector_without_a_background_is_named_at_the_start(opened, caplog):
    opened(background(["H1", "L1"]))

    assert caplog.messages == [
        "stream strain: V1 not listened to: the background is of H1, L1 (none)"
    ]


def test_a_background_of_all_detectors_says_nothing(opened, caplog):
    opened(background())

    assert not caplog.messages


def test_a_background_without_a_combination_of_its_detectors_is_refused(opened):
    with pytest.raises(ConfigurationError, match="stream strain: no background of H1L1V1"):
        opened(without(background(), "H1L1V1"))


def test_a_background_of_nothing_is_refused(opened):
    with pytest.raises(ConfigurationError, match="the background is of no detector"):
        opened(without(background(["H1"]), "H1"))
