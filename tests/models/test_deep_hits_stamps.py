import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.deep_hits.stamps import centre_stamp, snr_difference

WILD = hnp.arrays(np.float32, (5, 5), elements=st.floats(width=32))


@pytest.mark.parametrize(
    ("shape", "centre"),
    [((63, 63), (31, 31)), ((30, 30), (15, 15)), ((63, 54), (31, 27)), ((21, 21), (10, 10))],
)
def test_the_centre_of_a_stamp_lands_on_pixel_10_10(shape, centre):
    image = np.zeros(shape, np.float32)
    image[centre] = 1

    stamp, padded = centre_stamp(image)

    assert np.argwhere(stamp).tolist() == [[10, 10]]
    assert padded == 0


def test_a_short_side_is_padded_with_nan_and_the_padding_stated():
    stamp, padded = centre_stamp(np.ones((21, 15), np.float32))

    assert np.isnan(stamp).sum() == 6 * 21
    assert padded == pytest.approx(6 / 21)


def test_the_known_position_of_a_source_is_used():
    image = np.arange(63 * 43, dtype=np.float32).reshape(63, 43)

    stamp, padded = centre_stamp(image, centre=(31, 5))

    assert stamp[10, 10] == image[31, 5]
    assert padded == pytest.approx(5 / 21)


def test_a_centre_far_outside_gives_padding_only():
    stamp, padded = centre_stamp(np.ones((9, 9)), centre=(400, -400))

    assert np.isnan(stamp).all()
    assert padded == 1


@given(height=st.integers(1, 70), width=st.integers(1, 70))
def test_any_size_gives_21_by_21_of_the_pixels_that_are_there(height, width):
    stamp, padded = centre_stamp(np.ones((height, width), np.float32))

    assert stamp.shape == (21, 21)
    assert np.nansum(stamp) == min(height, 21) * min(width, 21)
    assert padded == pytest.approx(np.isnan(stamp).mean())


def test_a_variance_is_used_as_it_is():
    ratio = snr_difference(*np.full((3, 4, 4), 6.0), variance=np.full((4, 4), 9.0))

    assert np.all(ratio == 2)


def test_where_the_variance_is_not_positive_the_ratio_is_unknown():
    variance = np.array([[4.0, 0.0], [-1.0, np.nan]])

    ratio = snr_difference(*np.ones((3, 2, 2)), variance=variance)

    assert np.isnan(ratio).tolist() == [[False, True], [True, True]]


def test_the_estimate_on_pure_noise_has_unit_variance():
    noise = np.random.default_rng(2).normal(0, 7, (63, 63)).astype(np.float32)
    flat = np.full((63, 63), 150, np.float32)

    assert snr_difference(noise, flat, flat).std() == pytest.approx(1, rel=0.05)


def test_the_light_of_a_star_adds_its_poisson_noise():
    difference = np.random.default_rng(2).normal(0, 5, (63, 63)).astype(np.float32)
    science = np.zeros((63, 63), np.float32)
    science[31, 31] = 6000  # DN: 6000 / gain 4 = 1500 DN^2 beside 25 of the sky

    with_star = snr_difference(difference, science, science * 0, gain=4.0)
    without = snr_difference(difference, science * 0, science * 0, gain=4.0)

    sky = (difference / without)[0, 0] ** 2
    assert (without / with_star)[31, 31] == pytest.approx(np.sqrt(1 + 1500 / sky), rel=1e-3)


def test_a_batch_gives_what_each_stamp_gives_alone():
    stamps = np.random.default_rng(3).normal(10, 3, (3, 5, 21, 21)).astype(np.float32)
    stamps[0, 2, 4, :7] = np.nan

    batch = snr_difference(*stamps)

    alone = np.stack([snr_difference(*stamps[:, i]) for i in range(5)])
    assert np.array_equal(batch, alone, equal_nan=True)


@given(difference=WILD, science=WILD, template=WILD)
def test_any_pixels_give_a_finite_ratio_or_nan(difference, science, template):
    ratio = snr_difference(difference, science, template)

    assert not np.isinf(ratio).any()
