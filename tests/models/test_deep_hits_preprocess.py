import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.deep_hits.preprocess import preprocess

PIXELS = st.floats(width=32, allow_nan=True, allow_infinity=True)
ODD = st.sampled_from([np.nan, np.inf, -np.inf, 1e20, -3.4e38, 9.9e19, -9.9e19, 1e-45, 0.0])


FEW = st.integers(1, 3)


def anything(rows=FEW):
    shapes = rows.map(lambda n: (n, 4, 21, 21))
    return hnp.arrays(np.float32, shapes, elements=PIXELS | ODD.map(np.float32), fill=PIXELS)


@given(samples=anything())
def test_any_pixels_give_finite_inputs_from_zero_to_one(samples):
    made = preprocess(samples)

    assert made.inputs.shape == (len(samples), 21, 21, 4)
    assert np.isfinite(made.inputs).all()
    assert made.inputs.min() >= 0
    assert made.inputs.max() <= 1


@given(samples=anything(rows=st.just(3)))
def test_a_row_is_the_same_whatever_its_neighbours_hold(samples):
    together = preprocess(samples)

    for row in range(3):  # bit for bit
        alone = preprocess(samples[row : row + 1])
        assert np.array_equal(together.inputs[row], alone.inputs[0])
        assert together.rejected.get(row) == alone.rejected.get(0)
        assert {k: v[row] for k, v in together.quality.items()} == {
            k: v[0] for k, v in alone.quality.items()
        }


@given(samples=anything())
def test_the_samples_are_left_as_they_were(samples):
    before = samples.copy()

    preprocess(samples)

    assert np.array_equal(samples, before, equal_nan=True)


def test_permuting_a_batch_permutes_the_inputs(candidates):
    order = np.random.default_rng(0).permutation(512)

    permuted = preprocess(candidates.samples[order])

    assert np.array_equal(permuted.inputs, preprocess(candidates.samples).inputs[order])


def test_each_stamp_is_scaled_by_itself(clean):
    inputs = preprocess(clean).inputs

    assert np.all(inputs.min(axis=(1, 2)) == 0)
    assert np.all(inputs.max(axis=(1, 2)) == 1)


def test_channels_go_last_in_their_order(clean):
    stamp = clean[1, 2]

    scaled = preprocess(clean).inputs[1, :, :, 2]

    assert np.allclose(scaled, (stamp - stamp.min()) / np.ptp(stamp), atol=1e-6)


def test_a_clean_sample_has_zero_in_every_quality_number(clean):
    made = preprocess(clean)

    assert not made.rejected
    assert {name: float(np.abs(v).max()) for name, v in made.quality.items()} == {
        "nanFraction": 0,
        "hugeFraction": 0,
        "constantStamps": 0,
    }


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e20, -3.4e38])
def test_a_missing_pixel_takes_the_median_of_its_stamp(clean, bad):
    damaged = clean.copy()
    damaged[2, 1, 5, 6] = bad
    filled = clean.copy()
    filled[2, 1, 5, 6] = np.median(np.delete(clean[2, 1].ravel(), 5 * 21 + 6))

    assert np.array_equal(preprocess(damaged).inputs, preprocess(filled).inputs)


def test_nan_and_huge_pixels_are_counted_apart(clean):
    clean[0, 0, :7] = np.nan
    clean[0, 1, 0, :21] = 1e30

    quality = preprocess(clean).quality

    assert quality["nanFraction"][0] == pytest.approx(7 * 21 / 1764)
    assert quality["hugeFraction"][0] == pytest.approx(21 / 1764)


def test_an_absent_snr_difference_is_derived_and_no_defect(clean):
    clean[0, 3] = np.nan

    made = preprocess(clean)

    assert made.quality["nanFraction"][0] == 0
    assert made.inputs[0, :, :, 3].max() == 1


@pytest.mark.parametrize("channel", [0, 3])
def test_a_constant_template_or_snr_difference_becomes_zeros(clean, channel):
    clean[1, channel] = 42

    made = preprocess(clean)

    assert not made.rejected
    assert made.quality["constantStamps"].tolist() == [0, 1, 0, 0]
    assert not made.inputs[1, :, :, channel].any()


@pytest.mark.parametrize(
    ("channel", "value", "reason"),
    [
        (0, np.nan, "the template stamp has no usable pixel"),
        (1, np.inf, "the science stamp has no usable pixel"),
        (2, 1e38, "the difference stamp has no usable pixel"),
        (1, 7.0, "the science stamp is constant"),
        (2, 0.0, "the difference stamp is constant"),
    ],
)
def test_what_cannot_be_judged_is_rejected_with_a_reason(clean, channel, value, reason):
    clean[3, channel] = value

    made = preprocess(clean)

    assert made.rejected == {3: reason}
    assert not made.inputs[3].any()


def test_an_empty_batch_is_no_error():
    made = preprocess(np.empty((0, 4, 21, 21), np.float32))

    assert made.inputs.shape == (0, 21, 21, 4)


@pytest.fixture
def clean():
    return np.random.default_rng(5).normal(100, 10, (4, 4, 21, 21)).astype(np.float32)
