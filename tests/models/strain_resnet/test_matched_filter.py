import numpy as np
import pytest

from models.strain_resnet.matched_filter import (
    _loudest_within,
    draw_bank,
    filter_segments,
    matches,
    merger_time_s,
    timing_bank,
)
from models.strain_resnet.preprocess import preprocess
from models.strain_resnet.simulate import simulate
from models.strain_resnet.sources import MERGER_S, draw_sources


@pytest.fixture(scope="module")
def bank():
    return draw_bank()


@pytest.fixture(scope="module")
def searched():
    """300 segments and what a small bank says of them."""
    segments = simulate(np.random.default_rng(21), 300)
    return segments, filter_segments(preprocess(segments.samples).inputs, draw_bank(templates=40))


def test_every_template_has_unit_snr(bank):
    power = (np.abs(bank.spectra) ** 2).sum(axis=2)

    assert np.allclose(power, 1, atol=1e-4)


def test_the_bank_is_the_same_every_time(bank):
    assert np.array_equal(bank.spectra, draw_bank().spectra)


def test_the_bank_finds_nearly_all_of_most_signals(bank):
    """Light binaries, which are few, lose most: they are long and need many templates."""
    drawn = draw_sources(np.random.default_rng(9), 150)

    found = matches(drawn.mass_1_msun, drawn.mass_2_msun, bank)

    assert np.median(found) > 0.99
    assert np.quantile(found, 0.1) > 0.94
    assert found.max() <= 1.001


def test_noise_alone_has_a_mean_square_snr_of_two_per_detector(bank):
    """Of one template at one time; the largest over many is what a search ranks by."""
    from models.strain_resnet.matched_filter import _network_power

    quiet = preprocess(simulate(np.random.default_rng(3), 64, share=0.0).samples).inputs
    quiet[..., 1:] = 0
    data = np.fft.rfft(quiet.transpose(0, 2, 1), axis=-1).astype(np.complex64)

    power = np.mean([_network_power(data, bank.spectra[k], MERGER_S).mean() for k in (0, 50, 100)])

    assert power == pytest.approx(2, abs=0.15)


def test_a_loud_signal_has_about_its_snr(searched):
    segments, statistics = searched
    loud = segments.network_snr > 9

    ratio = statistics.peak[loud] / segments.network_snr[loud]

    assert ratio.mean() == pytest.approx(1.05, abs=0.1)


@pytest.mark.parametrize("statistic", ["peak", "evidence"])
def test_signals_rank_above_noise(searched, statistic):
    segments, statistics = searched
    score = getattr(statistics, statistic)
    real, quiet = score[segments.network_snr > 7], score[segments.labels == 0]

    assert (real[:, None] > quiet).mean() > 0.93


def test_the_time_of_a_loud_merger_is_found_whatever_its_mass():
    segments = simulate(np.random.default_rng(5), 300, share=1.0, loudness=2.0)
    inputs = preprocess(segments.samples).inputs
    loud = np.flatnonzero(segments.network_snr > 8)[:60]
    bank = timing_bank()

    found = np.array([merger_time_s(inputs[row], bank) for row in loud])

    # The merger passes the centre of the Earth; light takes 21 ms from there to H1.
    assert np.abs(found - segments.merger_s[loud]).max() < 0.05
    assert segments.mass_1_msun[loud].min() < 12


def test_without_a_detector_it_still_searches(bank):
    segments = simulate(np.random.default_rng(21), 30)
    inputs = preprocess(segments.samples).inputs
    inputs[..., 2] = 0

    statistics = filter_segments(inputs, draw_bank(templates=10))

    assert np.isfinite(statistics.evidence).all()


def test_the_loudest_is_looked_for_on_both_sides():
    power = np.zeros((1, 40), np.float32)
    power[0, 20] = 5

    near = np.flatnonzero(_loudest_within(power, 3)[0])

    assert near.tolist() == list(range(17, 24))
