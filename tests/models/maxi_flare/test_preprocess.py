import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import DIMMEST, preprocess

PIXELS = st.floats(width=32, allow_nan=True, allow_infinity=True)
ODD = st.sampled_from([np.nan, np.inf, -np.inf, 1e20, -3.4e38, 9.9e19, -9.9e19, 1e-45, 0.0, 255.0])


def anything(rows):
    shapes = rows.map(lambda n: (n, 32, 32))
    return hnp.arrays(np.float32, shapes, elements=PIXELS | ODD.map(np.float32), fill=PIXELS)


@pytest.fixture
def samples(images):
    """64 simulated pictures as the pipeline hands them over."""
    return np.stack([shrink(picture) for picture in images.pictures[:64]])


@given(samples=anything(st.integers(1, 3)))
def test_any_pixels_give_finite_inputs_from_zero_to_one(samples):
    made = preprocess(samples)

    assert made.inputs.shape == (len(samples), 32, 32, 1)
    assert made.inputs.dtype == np.float32
    assert np.isfinite(made.inputs).all()
    assert made.inputs.min() >= 0
    assert made.inputs.max() <= 1


@given(samples=anything(st.just(3)))
def test_a_row_is_the_same_whatever_its_neighbours_hold(samples):
    together = preprocess(samples)

    for row in range(3):  # bit for bit
        alone = preprocess(samples[row : row + 1])
        assert np.array_equal(together.inputs[row], alone.inputs[0])
        assert together.rejected.get(row) == alone.rejected.get(0)
        assert {k: v[row] for k, v in together.quality.items()} == {
            k: v[0] for k, v in alone.quality.items()
        }


@given(samples=anything(st.integers(1, 2)))
def test_the_samples_are_left_as_they_were(samples):
    before = samples.copy()

    preprocess(samples)

    assert np.array_equal(samples, before, equal_nan=True)


def test_grey_levels_are_divided_by_255(samples):
    assert np.array_equal(preprocess(samples).inputs[..., 0], samples / np.float32(255))


def test_a_clean_picture_has_nothing_to_declare(samples):
    made = preprocess(samples)

    assert not made.rejected
    assert not any(values.any() for values in made.quality.values())


def test_a_missing_pixel_becomes_black_and_is_counted(samples):
    samples[0, 4, 5], samples[0, 6, 7] = np.nan, 1e20

    made = preprocess(samples)

    assert made.inputs[0, 4, 5, 0] == made.inputs[0, 6, 7, 0] == 0
    assert made.quality["missingFraction"][0] == pytest.approx(2 / 1024)


def test_a_negative_pixel_becomes_black_and_is_counted(samples):
    samples[3, 0, 0] = -1

    made = preprocess(samples)

    assert made.inputs[3, 0, 0, 0] == 0
    assert made.quality["negativeFraction"][3] == pytest.approx(1 / 1024)


@pytest.mark.parametrize("factor", [1 / 255, 1e-30, 257, 1e15])
def test_a_picture_of_another_scale_is_scaled_to_its_maximum_and_says_so(samples, factor):
    other = samples * np.float32(factor)

    made = preprocess(other)

    assert made.quality["rescaled"].all()
    assert np.allclose(made.inputs[..., 0], samples / samples.max(axis=(1, 2), keepdims=True))


def test_no_picture_of_its_own_scale_is_as_dim_as_that(images):
    brightest = [shrink(picture).max() for picture in images.pictures]

    assert min(brightest) > 2 * DIMMEST


@pytest.mark.parametrize(
    ("level", "reason"),
    [(0.0, "constant"), (200.0, "constant"), (-5.0, "constant"), (np.nan, "no usable pixel")],
)
def test_a_picture_with_nothing_in_it_is_rejected_alone(samples, level, reason):
    samples[2] = level

    made = preprocess(samples)

    assert list(made.rejected) == [2]
    assert reason in made.rejected[2]
    assert not made.inputs[2].any()
