import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.xgamma_pulse import waveforms as ours
from models.xgamma_pulse.waveforms import SAMPLES, TRIGGER, to_samples


def step(period_ns, baseline, length):
    """A waveform that is 0 before the trigger and 1 from it on."""
    waveform = np.zeros((1, length))
    waveform[:, baseline:] = 1
    return to_samples(waveform, period_ns=period_ns, baseline=baseline)


@pytest.mark.parametrize(
    ("period_ns", "baseline", "length"),
    [(100.0, 40, 200), (16.0, 300, 1500), (12.5, 320, 1600), (50.0, 100, 420), (200.0, 25, 130)],
)
def test_the_pulse_begins_at_the_trigger_whatever_the_digitiser(period_ns, baseline, length):
    samples = step(period_ns, baseline, length)[0]

    assert samples.shape == (SAMPLES,)
    assert np.nanmax(samples[: TRIGGER - 1]) < 0.01
    assert np.nanmin(samples[TRIGGER:]) > 0.99


def test_waveforms_of_the_right_form_are_left_as_they_are():
    waveforms = np.random.default_rng(1).normal(size=(3, SAMPLES)).astype(np.float32)

    assert np.array_equal(to_samples(waveforms, period_ns=100.0, baseline=TRIGGER), waveforms)


def test_averaging_keeps_the_noise_that_it_should():
    noise = np.random.default_rng(2).normal(size=(200, 1600))

    assert to_samples(noise, period_ns=12.5, baseline=320).std() == pytest.approx(8**-0.5, rel=0.02)


SAMPLE = st.floats(-1e4, 1e4, width=32) | st.sampled_from([np.nan, np.inf])


@given(
    arrays(np.float32, st.tuples(st.just(2), st.integers(1, 700)), elements=SAMPLE),
    st.sampled_from([50.0, 25.0]),
    st.data(),
)
def test_an_average_is_the_same_whether_or_not_samples_might_be_cut(waveforms, period_ns, data):
    baseline = data.draw(st.integers(0, waveforms.shape[1] - 1))
    edges = baseline + (np.arange(SAMPLES + 1) - TRIGGER) * 100 / period_ns

    whole = to_samples(waveforms, period_ns=period_ns, baseline=baseline)

    np.testing.assert_allclose(whole, ours._average(waveforms, edges), atol=1e-2, rtol=1e-5)


@pytest.mark.parametrize("period_ns", [100.0, 50.0, 200.0])
def test_what_a_waveform_does_not_cover_is_missing(period_ns):
    baseline = round(2000 / period_ns)  # 2 us of baseline instead of 4
    samples = step(period_ns, baseline, baseline + round(10_000 / period_ns))[0]

    assert np.isnan(samples[:20]).all()
    assert np.isfinite(samples[21:138]).all()
    assert np.isnan(samples[141:]).all()


@pytest.mark.parametrize("period_ns", [100.0, 40.0, 200.0])
def test_a_saturated_sample_spoils_only_where_it_takes_part(period_ns):
    baseline, ratio = round(4000 / period_ns), 100 / period_ns
    waveforms = np.zeros((2, round(20_000 / period_ns) + 1))
    waveforms[0, baseline + round(20 * ratio)] = 4095

    samples = to_samples(waveforms, period_ns=period_ns, baseline=baseline, full_scale=4095.0)

    assert np.isinf(samples[0, TRIGGER + 20])
    assert np.isfinite(samples[0, :TRIGGER]).all()
    assert np.isfinite(samples[1]).all()


@pytest.mark.parametrize("period_ns", [0.5, 401.0, float("nan")])
def test_a_period_that_cannot_tell_the_classes_apart_is_refused(period_ns):
    with pytest.raises(ValueError, match=f"the sampling period is {period_ns} ns"):
        to_samples(np.zeros((1, 200)), period_ns=period_ns, baseline=40)


@pytest.mark.parametrize("baseline", [-1, 200])
def test_a_baseline_outside_the_waveform_is_refused(baseline):
    with pytest.raises(
        ValueError, match=f"the baseline is {baseline} samples of a waveform that has"
    ):
        to_samples(np.zeros((1, 200)), period_ns=100.0, baseline=baseline)
