from dataclasses import replace

import numpy as np
import pytest

from models.strain_resnet.figures import by_mass, by_snr, ranking, table
from models.strain_resnet.scoring import Judged, judge, truths


@pytest.fixture
def judged():
    """4,000 segments whose score rises with the SNR."""
    rng = np.random.default_rng(1)
    truth = rng.random(4000) < 0.5
    snr = np.where(truth, rng.uniform(2, 12, 4000), 0).astype(np.float32)
    masses = np.sort(rng.uniform(5, 80, (4000, 2)), axis=1)[:, ::-1]
    score = 1 / (1 + np.exp(-(snr - 5 + rng.normal(0, 1, 4000))))
    return Judged(
        score=score.astype(np.float32),
        truth=truth,
        snr=snr,
        masses_msun=np.where(truth[:, None], masses, np.nan).astype(np.float32),
    )


def test_the_table_says_that_it_is_of_simulation(judged):
    assert table(judged, {"0.01": 0.5})["data"] == "simulated"


def test_efficiency_rises_with_the_snr(judged):
    shares = [one["value"] for one in by_snr(judged, 0.5).values()]

    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] > 0.99


def test_every_signal_is_in_one_bin_of_the_snr(judged):
    assert sum(one["n"] for one in by_snr(judged, 0.5).values()) == judged.truth.sum()


def test_every_signal_of_middling_snr_is_in_one_bin_of_the_masses(judged):
    middle = (judged.snr >= 6) & (judged.snr < 8)

    assert sum(one["n"] for one in by_mass(judged, 0.5).values()) == middle.sum()


def test_efficiencies_are_at_the_thresholds_of_the_validation(judged):
    found = table(judged, {"0.01": 0.9, "0.001": 0.99})

    assert found["efficiency"]["0.01"]["all"]["value"] == pytest.approx(
        (judged.score[judged.truth] >= 0.9).mean()
    )
    assert found["efficiency"]["0.001"]["all"]["n"] == judged.truth.sum()


def test_signals_are_ranked_by_the_bin_of_their_lighter_mass(judged):
    light = judged.masses_msun[:, 1]
    score = np.where(judged.truth & (light >= 10) & (light < 20), 2, judged.score)

    before, after = (
        {name: one["value"] for name, one in ranking(made)["aucByLighterMass"].items()}
        for made in (judged, replace(judged, score=score.astype(np.float32)))
    )

    assert after == {**before, "10 to 20": 1.0}
    assert before["10 to 20"] < 1


def test_a_statistic_of_any_scale_is_ranked(judged):
    """A matched filter gives no probability: its own noise sets the thresholds."""
    scaled = Judged(
        score=judged.score * 50 - 7,
        truth=judged.truth,
        snr=judged.snr,
        masses_msun=judged.masses_msun,
    )

    found = ranking(scaled)

    assert found["auc"]["value"] == pytest.approx(ranking(judged)["auc"]["value"])
    assert found["efficiency"]["0.01"]["all"]["n"] == judged.truth.sum()


def prepare_as_is(samples):
    from models.strain_resnet.preprocess import preprocess

    return preprocess(samples)


def test_segments_are_judged_with_their_truth():
    loudness = judge(lambda inputs: (inputs**2).mean(axis=(1, 2)), prepare_as_is, 5, "test", 250)

    assert len(loudness.score) == 250
    assert loudness.truth.mean() == pytest.approx(0.5, abs=0.12)
    assert (loudness.snr[loudness.truth] > 0).all()
    assert not loudness.snr[~loudness.truth].any()


def test_a_detector_that_is_left_out_adds_no_snr():
    energy = lambda inputs: (inputs**2).mean(axis=1)[:, 2]  # noqa: E731 - said once

    left_out = judge(energy, prepare_as_is, 5, "test", 250, present=("H1", "L1"))
    all_three = judge(energy, prepare_as_is, 5, "test", 250)

    assert not left_out.score.any()
    assert (left_out.snr[left_out.truth] < all_three.snr[all_three.truth]).all()


def test_scores_made_elsewhere_meet_the_same_truth():
    judged = judge(lambda inputs: inputs[:, 100, 0], prepare_as_is, 5, "test", 500)

    again = truths(judged.score, 5, "test")

    assert np.array_equal(again.truth, judged.truth)
    assert np.array_equal(again.snr, judged.snr)
