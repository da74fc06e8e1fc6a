import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.xgamma_pulse.preprocess import preprocess
from models.xgamma_pulse.simulate import simulate

SAMPLES = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 4), st.just(200)), elements=st.floats(width=32)
)


@pytest.fixture(scope="module")
def pulses():
    return simulate(np.random.default_rng(3), 64).waveforms.astype(np.float32)


def test_a_clean_waveform_gets_zero_mean_and_unit_variance(pulses):
    made = preprocess(pulses)

    assert made.inputs.shape == (64, 200, 1)
    assert made.inputs.mean(axis=1) == pytest.approx(0, abs=1e-5)
    assert made.inputs.std(axis=1) == pytest.approx(1, abs=1e-4)
    assert not made.rejected
    assert not any(numbers.any() for numbers in made.quality.values())


def test_gain_and_offset_make_no_difference(pulses):
    changed = preprocess(pulses * np.float32(4) + np.float32(100))

    assert changed.inputs == pytest.approx(preprocess(pulses).inputs, abs=1e-3)


@given(samples=SAMPLES)
def test_it_is_total(samples):
    made = preprocess(samples)

    assert made.inputs.shape == (len(samples), 200, 1)
    assert made.inputs.dtype == np.float32
    assert np.isfinite(made.inputs).all()
    assert all(numbers.shape == (len(samples),) for numbers in made.quality.values())
    assert not made.inputs[list(made.rejected)].any()


@given(samples=SAMPLES)
def test_one_row_never_changes_another(samples):
    together = preprocess(samples)

    for row, sample in enumerate(samples):
        alone = preprocess(sample[None])
        assert np.array_equal(alone.inputs[0], together.inputs[row])
        assert alone.rejected.get(0) == together.rejected.get(row)


def test_the_samples_are_left_as_they_were(pulses):
    samples = pulses.copy()
    samples[0, 3], samples[1, 50] = np.nan, np.inf
    before = samples.copy()

    preprocess(samples)

    assert np.array_equal(samples, before, equal_nan=True)


def test_a_gap_is_interpolated_and_counted(pulses):
    damaged = pulses[:1].copy()
    damaged[0, 100:110] = np.nan

    made = preprocess(damaged)

    assert made.quality["nanFraction"][0] == pytest.approx(10 / 200)
    slope = np.diff(made.inputs[0, 99:111, 0])
    assert slope == pytest.approx(slope[0], abs=1e-4)


def test_a_short_waveform_is_prolonged_and_counted(pulses):
    damaged = pulses[:1].copy()
    damaged[0, 180:] = np.nan

    made = preprocess(damaged)

    assert made.quality["paddedFraction"][0] == pytest.approx(20 / 200)
    assert made.quality["nanFraction"][0] == 0
    assert made.inputs[0, 180:, 0] == pytest.approx(made.inputs[0, 179, 0])


def test_saturated_samples_take_the_largest_of_the_others(pulses):
    damaged = pulses[:1].copy()
    damaged[0, 60:70] = np.inf

    made = preprocess(damaged)

    assert made.quality["saturatedFraction"][0] == pytest.approx(10 / 200)
    assert made.inputs[0, 60:70, 0] == pytest.approx(np.delete(made.inputs[0], range(60, 70)).max())


def test_a_clipped_top_that_nobody_told_of_is_counted(pulses):
    clipped = np.minimum(pulses[:1], np.sort(pulses[0])[150])

    assert preprocess(clipped).quality["saturatedFraction"][0] >= 50 / 200


@pytest.mark.parametrize(
    ("mark", "rows", "why"),
    [
        (np.nan, slice(0, 101), "the waveform is missing more than its half"),
        (np.nan, slice(None), "the waveform is missing more than its half"),
        (np.inf, slice(0, 101), "the waveform is saturated for more than its half"),
        (7.0, slice(None), "the waveform is constant"),
    ],
)
def test_a_hopeless_waveform_is_rejected_with_the_reason(pulses, mark, rows, why):
    damaged = pulses[:2].copy()
    damaged[1, rows] = mark

    assert preprocess(damaged).rejected == {1: why}
