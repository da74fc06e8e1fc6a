import numpy as np
import pytest

from models.strain_resnet.real_events import EVENTS, real_figures, scan


def loudest(inputs):
    """A stand-in for a network: how much louder than noise both of LIGO are at once."""
    power = (inputs[..., :2] ** 2).reshape(len(inputs), -1, 16, 2).mean(axis=2)
    return 1 / (1 + np.exp(8 - power.min(axis=2).max(axis=1)))


@pytest.fixture
def folder(survey_data):
    return survey_data / "strain"


def test_windows_of_both_events_are_scored(folder):
    score, starts_s = scan(loudest, EVENTS[0], folder)

    assert score.shape == starts_s.shape == (209,)
    assert starts_s[0] == EVENTS[0].file_gps_s + 2


def test_gw150914_is_seen_by_its_loudness_alone(folder):
    score, starts_s = scan(loudest, EVENTS[0], folder)

    first_s = starts_s[score > 0.5]

    assert len(first_s)
    assert np.all(first_s <= EVENTS[0].merger_gps_s)
    assert np.all(first_s >= EVENTS[0].merger_gps_s - 2)


def test_the_windows_that_hold_the_merger_are_told_from_those_far_off(folder):
    found = real_figures(loudest, folder, {"0.001": 0.5})["GW150914"]

    assert found["data"] == "real"
    assert found["windowsAbove"]["0.001"]["holding"] >= 10
    assert found["windowsAbove"]["0.001"]["farOff"] == 0
    assert found["largestLogOdds"] > found["largestLogOddsFarOff"]
    assert 0 <= found["mergerInThatWindowS"] <= 2


def test_an_event_without_files_is_left_out(tmp_path):
    assert real_figures(loudest, tmp_path, {"0.001": 0.5}) == {}
