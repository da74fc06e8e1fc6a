import numpy as np
import pytest

from models.xgamma_pulse.rise_time import RiseTimeCut, fit, rise_time_us


def ramps(rise_samples):
    """Noiseless pulses that rise linearly from sample 40 on."""
    at = np.arange(200)
    return np.stack([np.clip((at - 40) / rise, 0, 1) for rise in rise_samples])


def test_the_rise_of_a_ramp_is_its_10_to_90_percent():
    assert rise_time_us(ramps([10, 50, 100]), 1) == pytest.approx([0.8, 4.0, 8.0], abs=0.01)


def test_height_and_offset_make_no_difference():
    assert rise_time_us(ramps([50]) * 900 + 200, 1) == pytest.approx([4.0], abs=0.01)


def test_smoothing_is_an_average_over_the_neighbours():
    noisy = ramps([50]) + np.where(np.arange(200) % 2, 0.2, -0.2)

    assert rise_time_us(noisy, 9) == pytest.approx([4.0], abs=0.3)


def test_the_best_cut_lies_between_classes_that_do_not_meet():
    waveforms = ramps([5, 8, 10, 40, 50, 60])

    cut = fit(waveforms, np.array([0, 0, 0, 1, 1, 1], np.int8))

    assert cut.judge(waveforms).tolist() == [False, False, False, True, True, True]


def test_a_slow_pulse_counts_as_a_gamma_ray():
    assert RiseTimeCut(width=1, cut_us=2.0).judge(ramps([10, 100])).tolist() == [False, True]
