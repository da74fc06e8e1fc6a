"""What the manifest of the shipped pulse network says of all five."""

import pytest

from models.artifact import load
from models.xgamma_pulse.network import SERVED, VARIANTS

THESIS = ("resnet10", "lstm_fcn", "ncnn", "lstm")
"""The networks of the thesis' table in its order; it has no figures of ResNet16."""


@pytest.fixture(scope="module")
def metrics():
    return load("xgamma_pulse").manifest["metrics"]


def test_all_five_networks_are_compared_on_as_many_pulses(metrics):
    assert set(metrics["table"]) == set(VARIANTS)
    assert {row["testAccuracy"]["n"] for row in metrics["table"].values()} == {20_000}


def test_the_networks_of_the_thesis_come_in_its_order(metrics):
    losses = {name: metrics["table"][name]["testLoss"] for name in THESIS}

    assert sorted(losses, key=losses.__getitem__) == list(THESIS)
    assert THESIS[0] == SERVED


def test_every_network_is_right_more_often_than_a_cut_on_the_rise_time(metrics):
    cut = metrics["riseTimeCut"]["accuracy"]["high95"]

    assert min(row["testAccuracy"]["low95"] for row in metrics["table"].values()) > cut
