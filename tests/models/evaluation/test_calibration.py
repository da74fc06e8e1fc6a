import numpy as np
import pytest

from models.evaluation.calibration import calibration_error, fit_temperature, log_odds


def draw(n, seed=0):
    """Give probabilities and what came true of them."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.5, 0.5, n)
    return score, rng.random(n) < score


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_spoilt_the_scores_is_found(temperature):
    score, truth = draw(50_000)

    found = fit_temperature(log_odds(score) * temperature, truth.astype(int))

    assert found == pytest.approx(temperature, rel=0.05)


def test_the_temperature_of_several_classes_is_found():
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 2, (40_000, 5))
    gumbel = rng.gumbel(size=logits.shape)

    found = fit_temperature(logits * 1.7, (logits + gumbel).argmax(axis=1))

    assert found == pytest.approx(1.7, rel=0.05)


def test_a_temperature_never_runs_away():
    logits = np.array([[0.0, 3.0], [3.0, 0.0]])

    assert fit_temperature(logits, np.array([1, 0])) == pytest.approx(1 / 50)
    assert fit_temperature(logits, np.array([0, 1])) == pytest.approx(50)


def test_the_softmax_of_log_odds_is_the_score():
    score = np.linspace(0.001, 0.999, 50)

    powers = np.exp(log_odds(score))

    assert np.allclose(powers[:, 1] / powers.sum(axis=1), score)


def test_true_probabilities_are_calibrated_and_others_are_not():
    score, truth = draw(50_000)

    assert calibration_error(score, truth) < 0.005
    assert calibration_error(score**2, truth) > 0.05
