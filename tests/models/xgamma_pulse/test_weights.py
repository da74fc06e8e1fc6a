"""The shipped pulse network does what its manifest says, and what that says of all five."""

import pytest

from models.artifact import load
from models.xgamma_pulse.evaluate import evaluate
from models.xgamma_pulse.network import SERVED, VARIANTS

THESIS = ("resnet10", "lstm_fcn", "ncnn", "lstm")
"""The networks of the thesis' table in its order; it has no figures of ResNet16."""


@pytest.fixture(scope="module")
def metrics():
    return load("xgamma_pulse").manifest["metrics"]


@pytest.fixture(scope="module")
def measured():
    """The figures of the shipped weights on the first tenth of the test split."""
    return evaluate(load("xgamma_pulse"), pulses=2000)


@pytest.mark.parametrize("figure", ["accuracy", "auc", "falsePositiveRate", "missed"])
def test_the_shipped_weights_are_as_good_as_their_manifest_says(measured, metrics, figure):
    few, all_of_them = measured[figure], metrics[figure]
    # the interval of the manifest is 1.96 sigma to either side, of more pulses than these
    sigma = (all_of_them["high95"] - all_of_them["low95"]) / (2 * 1.96)
    sigma *= (all_of_them["n"] / few["n"]) ** 0.5

    assert few["value"] == pytest.approx(all_of_them["value"], abs=4 * sigma)


def test_the_table_of_the_training_is_not_taken_for_measured(measured, metrics):
    assert measured["trainingTable"] == metrics["table"]
    assert "table" not in measured


def test_all_five_networks_are_compared_on_as_many_pulses(metrics):
    assert set(metrics["table"]) == set(VARIANTS)
    assert {row["testAccuracy"]["n"] for row in metrics["table"].values()} == {20_000}


def test_the_networks_of_the_thesis_come_in_its_order_by_loss(metrics):
    losses = {name: metrics["table"][name]["testLoss"] for name in THESIS}

    assert sorted(losses, key=losses.__getitem__) == list(THESIS)
    assert THESIS[0] == SERVED


def test_every_network_is_right_more_often_than_a_cut_on_the_rise_time(metrics):
    cut = metrics["riseTimeCut"]["accuracy"]["high95"]

    assert min(row["testAccuracy"]["low95"] for row in metrics["table"].values()) > cut
