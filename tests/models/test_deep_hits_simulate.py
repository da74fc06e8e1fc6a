from itertools import islice

import numpy as np
import pytest

from models.deep_hits.events import REAL
from models.deep_hits.exposure import peak_of
from models.deep_hits.scene import counted_flux
from models.deep_hits.simulate import (
    BOGUS_SNR,
    KINDS,
    NEGATIVE,
    QUANTILES,
    REAL_SNR,
    blocks,
    simulate,
)
from models.deep_hits.sky import centred
from models.deep_hits.surveys import HITS


@pytest.fixture(scope="module")
def many():
    return simulate(np.random.default_rng(11), 6000)


def test_the_same_seed_gives_the_same_candidates():
    first, again = (simulate(np.random.default_rng(4), 300) for _ in range(2))

    assert np.array_equal(first.samples, again.samples, equal_nan=True)
    assert first.kinds.tolist() == again.kinds.tolist()


def test_half_of_the_candidates_are_real(many):
    assert many.labels.mean() == pytest.approx(0.5, abs=0.03)


def test_a_label_says_whether_the_kind_is_real(many):
    assert np.array_equal(many.labels == 1, np.isin(many.kinds, REAL))


@pytest.mark.parametrize(("label", "published"), [(1, REAL_SNR), (0, BOGUS_SNR)])
def test_the_snr_follow_the_published_quantiles(many, label, published):
    inner = slice(1, -2)  # the extremes of 3,000 draws scatter too much to compare

    drawn = np.quantile(np.abs(many.snr[many.labels == label]), QUANTILES)

    assert np.allclose(drawn[inner], published[inner], rtol=0.15)


@pytest.fixture(scope="module")
def published_snr(survey_data):
    """Signed SNR of the real candidates and of the artefacts that arch7 was tested on."""
    with np.load(survey_data / "deephits" / "arch7_test_predictions.npz") as stored:
        return [stored["snr"][stored["label"] == label] for label in (1, 0)]


def test_the_constants_but_for_the_brightest_artefacts_are_those_of_hits(published_snr):
    real, bogus = (np.quantile(np.abs(snr), QUANTILES) for snr in published_snr)

    assert np.allclose(REAL_SNR, real, rtol=3e-3)
    assert np.allclose(BOGUS_SNR[:-2], bogus[:-2], rtol=3e-3)
    assert pytest.approx((published_snr[1] < 0).mean(), abs=5e-3) == NEGATIVE


def test_the_brightest_artefacts_are_fewer_than_in_hits(published_snr):
    size = np.abs(published_snr[1])

    assert [(size > bound).mean() for bound in BOGUS_SNR[-2:]] == pytest.approx(
        [0.024, 0.013], abs=5e-4
    )


def test_no_real_candidate_is_brighter_than_published_unless_asked_for(many):
    assert np.abs(many.snr[many.labels == 1]).max() <= REAL_SNR[-1]
    assert np.abs(simulate(np.random.default_rng(4), 500, bright=1.0).snr).max() > 1000


def test_three_in_ten_artefacts_are_negative(many):
    assert (many.snr[many.labels == 0] < 0).mean() == pytest.approx(0.30, abs=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_artefact_has_its_share(many, kind):
    share = (many.kinds[many.labels == 0] == kind).mean()

    assert share == pytest.approx(KINDS[kind], abs=0.03)


def test_the_shares_of_the_artefacts_are_all_there_is():
    assert sum(KINDS.values()) == pytest.approx(1)


def test_a_real_candidate_peaks_at_the_centre_as_its_snr_says(many):
    rows = np.isin(many.kinds, REAL) & (many.snr > 15)
    difference = many.samples[rows, 2]
    sky = np.nanmedian(difference, axis=(1, 2), keepdims=True)
    noise = 1.4826 * np.nanmedian(np.abs(difference - sky), axis=(1, 2))

    peak = (difference - sky)[:, 8:13, 8:13].max(axis=(1, 2))

    assert np.mean(peak > 3 * noise) > 0.97


def test_an_artefact_is_as_bright_as_a_real_one_at_the_centre(many):
    """Else brightness alone would tell them apart, and the network would learn only that."""
    central = np.nanmax(np.abs(many.samples[:, 2, 8:13, 8:13]), axis=(1, 2))
    spread = np.nanstd(many.samples[:, 2], axis=(1, 2))
    contrast = central / spread

    medians = [np.median(contrast[many.labels == label]) for label in (0, 1)]

    assert medians[0] == pytest.approx(medians[1], rel=0.35)


def test_both_classes_lose_pixels_at_the_edge_of_the_detector(many):
    lost = np.isnan(many.samples[:, 2]).any(axis=(1, 2))

    assert all(0.01 < lost[many.labels == label].mean() < 0.15 for label in (0, 1))


def test_preprocessing_rejects_no_simulated_candidate(many):
    from models.deep_hits.preprocess import preprocess

    assert not preprocess(many.samples).rejected


def test_the_splits_share_no_candidate():
    splits = {
        split: next(blocks(5, split, 64)).samples for split in ("train", "validation", "test")
    }

    seen = {stamp.tobytes() for samples in splits.values() for stamp in samples[:, 1]}

    assert len(seen) == 3 * 64


def test_a_block_is_the_same_on_its_own_and_in_a_row():
    third = list(islice(blocks(5, "test", 64), 3))[2]

    alone = simulate(np.random.default_rng([5, 2, 2]), 64)

    assert np.array_equal(third.samples, alone.samples, equal_nan=True)


@pytest.fixture(scope="module")
def of_hits():
    return simulate(np.random.default_rng(12), 4000, survey=HITS)


def test_no_real_candidate_of_hits_faded_or_is_a_variable_star(of_hits):
    real = of_hits.labels == 1

    assert of_hits.snr[real].min() > 0
    assert set(of_hits.kinds[real]) == {"transient"}


@pytest.mark.parametrize(("label", "published"), [(1, REAL_SNR), (0, BOGUS_SNR)])
def test_those_of_hits_follow_the_published_quantiles(of_hits, label, published):
    inner = slice(1, -2)  # the extremes of 2,000 draws scatter too much to compare

    drawn = np.quantile(np.abs(of_hits.snr[of_hits.labels == label]), QUANTILES)

    assert np.allclose(drawn[inner], published[inner], rtol=0.2)


def test_the_seeing_of_hits_is_that_of_its_camera():
    seen = HITS.observe(np.random.default_rng(1), 1000)

    assert (seen.fwhm.min() * 0.263, seen.fwhm.max() * 0.263) == pytest.approx(
        (1.05, 1.58), abs=0.01
    )


def test_the_snr_image_of_hits_has_about_unit_noise(of_hits):
    border = of_hits.samples[:, 3, 0]

    # a template that was convolved to match has less noise than its variance says
    assert 0.7 < np.nanmedian(np.nanstd(border[~np.isnan(border).any(axis=1)], axis=1)) < 1.1


def test_neighbours_are_counted_as_the_power_of_their_flux():
    seen = HITS.observe(np.random.default_rng(1), 40_000)
    snr = counted_flux(np.random.default_rng(2), seen) / (seen.sky_noise * 1.5 * seen.fwhm)

    assert (snr > 50).mean() / (snr > 5).mean() == pytest.approx(10**-0.75, rel=0.05)


def test_noise_adds_nothing_to_a_measured_snr():
    rng = np.random.default_rng(3)
    seen = HITS.observe(rng, 50)
    noise, psf = rng.standard_normal((50, 21, 21), np.float32), centred(seen)

    left = noise - peak_of(noise, psf)

    noise_of_filter = np.sqrt((psf**2).sum(axis=(1, 2)))
    assert np.abs((noise * psf).sum(axis=(1, 2)) / noise_of_filter).max() > 1
    assert np.abs((left * psf).sum(axis=(1, 2)) / noise_of_filter).max() < 1e-4
    assert left.std() == pytest.approx(noise.std(), rel=0.01)
