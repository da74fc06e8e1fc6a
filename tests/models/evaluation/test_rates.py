import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.rates import (
    auc,
    auc_lead,
    efficiency,
    equal_error_rate,
    interval,
    missed,
    rate,
    roc_auc,
    threshold_at,
)

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(positive=SCORES, negative=SCORES)
def test_the_auc_is_the_share_of_ordered_pairs(positive, negative):
    pairs = positive[:, None] - negative[None, :]

    assert roc_auc(positive, negative) == pytest.approx(
        (pairs > 0).mean() + (pairs == 0).mean() / 2
    )


@given(trials=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_the_rate_and_stays_in_bounds(trials, data):
    successes = data.draw(st.integers(0, trials))

    low, high = interval(successes, trials)

    assert 0 <= low <= successes / trials <= high <= 1


def test_an_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    intervals = [interval(int(k), 200) for k in rng.binomial(200, 0.03, 2000)]

    covered = np.mean([low <= 0.03 <= high for low, high in intervals])

    assert 0.92 < covered < 0.98


def test_the_interval_of_an_auc_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = [auc(rng.normal(1, 1, 150), rng.normal(0, 1, 150)) for _ in range(600)]

    truth = 0.76025  # Phi(1 / sqrt(2))
    covered = np.mean([one["low95"] <= truth <= one["high95"] for one in found])

    assert 0.92 < covered < 0.98


def test_a_rate_of_nothing_says_that_it_knows_nothing():
    assert rate(np.zeros(0, bool)) == {"value": None, "n": 0, "low95": 0.0, "high95": 1.0}


@given(negative=SCORES, allowed=st.floats(0, 1))
def test_a_threshold_never_lets_more_through_than_allowed(negative, allowed):
    passing = (negative >= threshold_at(negative, allowed)).mean()

    assert passing <= allowed + 1e-9


@given(negative=SCORES, allowed=st.floats(0, 1))
def test_a_threshold_lets_through_what_it_may(negative, allowed):
    threshold = threshold_at(negative, allowed)
    lower = negative[negative < threshold]

    assert lower.size == 0 or (negative >= lower.max()).mean() > allowed


def test_missed_and_efficient_are_all_of_the_positives():
    rng = np.random.default_rng(2)
    positive, negative = rng.normal(2, 1, 500), rng.normal(0, 1, 500)

    found = efficiency(positive, negative, 0.01)["value"]

    assert found + missed(positive, negative, 0.01)["value"] == pytest.approx(1)
    assert 0.2 < found < 0.6


def test_the_equal_error_rate_of_two_normal_distributions():
    rng = np.random.default_rng(3)

    found = equal_error_rate(rng.normal(2, 1, 20_000), rng.normal(0, 1, 20_000))

    assert found == pytest.approx(0.1587, abs=0.004)  # Phi(-1)


def test_the_lead_of_a_score_is_the_difference_of_the_areas():
    rng = np.random.default_rng(0)
    truth, one, other = rng.random(500) < 0.5, rng.random(500), rng.random(500)

    lead = auc_lead(one, other, truth)["value"]

    assert lead == pytest.approx(
        roc_auc(one[truth], one[~truth]) - roc_auc(other[truth], other[~truth])
    )


def test_the_interval_of_a_lead_covers_the_truth_as_often_as_it_says():
    """Two scores that share most of their noise and are equally good: the lead is 0."""
    rng = np.random.default_rng(0)
    leads = []
    for _ in range(500):
        truth = rng.random(300) < 0.5
        shared = truth + rng.normal(0, 1, 300)
        leads.append(auc_lead(*(shared + rng.normal(0, 0.3, (2, 300))), truth))

    covered = np.mean([lead["low95"] <= 0 <= lead["high95"] for lead in leads])

    assert 0.92 < covered < 0.98
