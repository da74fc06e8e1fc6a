import json

import numpy as np
import pytest

from models.evaluation.table import figures


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    truth = rng.random(5000) < 0.5
    snr = rng.uniform(-30, 30, 5000)
    score = 1 / (1 + np.exp(-rng.normal(np.where(truth, 3, -3), 2)))
    return score, truth, snr


def test_even_odds_give_the_usual_figures():
    score = np.array([0.9, 0.8, 0.3, 0.6, 0.2, 0.1, 0.1, 0.1])
    truth = np.array([True, True, True, False, False, False, False, False])

    found = figures(score, truth)

    assert found["accuracy"]["value"] == pytest.approx(6 / 8)
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["evenFalsePositiveRate"]["value"] == pytest.approx(1 / 5)
    assert found["evenFalseNegativeRate"]["value"] == pytest.approx(1 / 3)


def test_a_threshold_from_elsewhere_is_measured_here(judged):
    score, truth, _ = judged

    found = figures(score, truth, threshold=0.7)

    assert found["threshold"] == 0.7
    assert found["falsePositiveRate"]["value"] == (score[~truth] >= 0.7).mean()
    assert found["missed"]["value"] == (score[truth] < 0.7).mean()


def test_without_one_it_lets_one_negative_in_a_hundred_through(judged):
    found = figures(*judged[:2])

    assert found["falsePositiveRate"]["value"] == pytest.approx(0.01, abs=0.001)
    assert found["missed"] == found["missedAtFalsePositiveRate"]["0.01"]


def test_the_bins_of_snr_hold_every_candidate_once_whatever_its_sign(judged):
    score, truth, snr = judged

    bins = figures(score, truth, snr=snr)["accuracyBySnr"]

    assert list(bins) == ["below 7", "7 to 15", "from 15"]
    assert sum(row["n"] for row in bins.values()) == len(score)
    assert bins["below 7"]["n"] == (np.abs(snr) < 7).sum()


def test_kinds_are_told_apart(judged):
    score, truth, _ = judged
    kinds = np.where(truth, "transient", np.where(score > 0.5, "ghost", "trail"))

    found = figures(score, truth, kinds=kinds)["accuracyByKind"]

    assert found["ghost"]["value"] == 0
    assert found["trail"]["value"] == 1


def test_a_manifest_can_hold_it(judged):
    score, truth, snr = judged

    text = json.dumps(figures(score, truth, snr=snr), allow_nan=False)

    assert json.loads(text)["candidates"] == 5000
