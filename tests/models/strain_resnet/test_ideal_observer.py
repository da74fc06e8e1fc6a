import numpy as np
import pytest

from models.evaluation.calibration import fit_temperature
from models.evaluation.rates import roc_auc
from models.strain_resnet.ideal_observer import Draws, draw_law, log_likelihood_ratio
from models.strain_resnet.matched_filter import draw_bank, filter_segments
from models.strain_resnet.measure_limit import judge_ideal
from models.strain_resnet.preprocess import preprocess
from models.strain_resnet.simulate import simulate


@pytest.fixture(scope="module")
def law():
    return draw_law(Draws(templates=150, cells=256, skies=256, pool=50_000))


@pytest.fixture(scope="module")
def segments():
    return simulate(np.random.default_rng(31), 240)


@pytest.fixture(scope="module")
def judged(law, segments):
    return log_likelihood_ratio(preprocess(segments.samples).inputs, law)


@pytest.mark.slow
def test_it_ranks_better_than_the_matched_filter(judged, segments):
    truth = segments.labels == 1
    filtered = filter_segments(preprocess(segments.samples).inputs, draw_bank()).evidence

    ideal, classical = (roc_auc(one[truth], one[~truth]) for one in (judged, filtered))

    assert ideal > classical + 0.005


@pytest.mark.slow
def test_its_logarithm_is_the_log_odds_of_a_signal(judged, segments):
    """A ratio that is wrong by a factor, or a mean over too much or too little, is not."""
    logits = np.stack([np.zeros_like(judged), judged], axis=1)
    chance = 1 / (1 + np.exp(-judged))

    assert fit_temperature(logits, segments.labels.astype(np.int64)) == pytest.approx(1, abs=0.3)
    assert chance.mean() == pytest.approx(segments.labels.mean(), abs=0.06)


@pytest.mark.slow
def test_other_draws_hardly_change_it(segments):
    """What the draws add is far below what the noise does: the ratios differ by factors of hundreds."""
    inputs = preprocess(segments.samples).inputs[:80]

    one, other = (
        log_likelihood_ratio(inputs, draw_law(Draws(pool=50_000, seed=seed))) for seed in (1, 2)
    )

    assert np.std(one - other) < 0.1 * np.std(one)


def test_the_more_that_is_heard_of_nothing_the_surer_is_noise(law):
    """Silence in all detectors rules every loud signal out."""
    silence = np.zeros((1, 2048, 3), np.float32)

    (ratio,) = log_likelihood_ratio(silence, law)

    assert ratio == pytest.approx(law.average[0], abs=0.2)
    assert ratio < -2


@pytest.mark.slow
def test_the_limit_is_measured_on_whole_blocks_of_the_test_split():
    few = Draws(templates=20, cells=32, skies=32, pool=2_000)

    found = judge_ideal(7, 300, few, processes=1)

    assert found["segments"] == 500
    assert found["data"] == "simulated"
    assert found["auc"]["value"] > 0.7
