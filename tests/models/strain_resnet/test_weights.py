"""What the shipped weights are said to do, and do."""

import math

import pytest

from models.artifact import load
from models.evaluation.rates import roc_auc
from models.runtime import open_runtime
from models.strain_resnet.evaluate import evaluate
from models.strain_resnet.real_events import EVENTS, real_figures
from models.strain_resnet.scoring import judge

MATCHED_FILTER = 0.8624
"""Area under the curve of `matched_filter` on the same 20,000 segments (*simulated*): the card."""

JUDGED = 1_500
"""Segments of the test split that are simulated again here."""

WINDOWS = 209
"""Of the real strain around an event."""

LARGEST_LOG_ODDS = {"GW150914": (16.1, 2.9), "LVT151012": (11.8, 2.7)}
"""Of any window, and of those further than a second from the merger: real strain, the model card."""


@pytest.fixture(scope="module")
def shipped():
    return load("strain_resnet")


@pytest.fixture(scope="module")
def predict(shipped):
    """The shipped weights, for the blocks of `judge` and the windows of an event."""
    runtime = open_runtime(shipped, precision="float32", batch_sizes=(WINDOWS, 250))
    return lambda inputs: runtime.infer(inputs)[:, -1]


def test_they_rank_better_than_the_matched_filter(shipped):
    area = shipped.manifest["metrics"]["auc"]

    assert area["n"] >= 20_000
    assert area["low95"] > MATCHED_FILTER


def test_they_rank_simulated_segments_as_well_as_the_manifest_says(shipped, predict):
    area, seed = shipped.manifest["metrics"]["auc"], shipped.manifest["training"]["seed"]

    judged = judge(predict, shipped.network.preprocess, seed, "test", JUDGED)

    sigma = (area["high95"] - area["low95"]) / (2 * 1.96) * math.sqrt(area["n"] / JUDGED)
    found = roc_auc(judged.score[judged.truth], judged.score[~judged.truth])
    assert found == pytest.approx(area["value"], abs=4 * sigma)


@pytest.mark.parametrize("event", [event.name for event in EVENTS])
def test_windows_of_real_strain_have_the_log_odds_of_the_model_card(predict, survey_data, event):
    found = real_figures(predict, survey_data / "strain", {})

    if event not in found:
        pytest.skip(f"{survey_data / 'strain'} has no strain of {event}")
    largest = found[event]["largestLogOdds"], found[event]["largestLogOddsFarOff"]
    assert largest == pytest.approx(LARGEST_LOG_ODDS[event], abs=0.1)


@pytest.mark.slow
def test_of_the_real_strain_of_GW150914_only_its_own_windows_are_alarms(  # noqa: N802
    shipped, survey_data
):
    found = evaluate(shipped, data=survey_data / "strain", count=4_000)

    above = found["GW150914"]["windowsAbove"]["0.001"]
    assert above["holding"] > 0
    assert above["farOff"] == 0
