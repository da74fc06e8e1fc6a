import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.maxi_flare.counts import draw_counts, lay_out, rings_of_counts
from models.maxi_flare.render import FIELD
from models.maxi_flare.sky import DEG_PER_PIXEL


def scattered(shape, photons=80, seed=1):
    rng = np.random.default_rng(seed)
    counts = np.zeros(shape)
    np.add.at(counts, tuple(rng.integers(0, length, photons) for length in shape), 1)
    return counts


def test_a_picture_drawn_of_counts_is_the_simulators_picture(images):
    for row in range(50):
        drawn = draw_counts(images.photons[row].astype(float))

        assert np.abs(drawn - images.pictures[row]).max() <= 1  # sums in another order


def test_rings_of_counts_are_the_simulators_rings(images):
    for row in range(50):
        assert (rings_of_counts(images.photons[row].astype(float)) == images.rings[row]).all()


def test_counts_in_pixels_like_ours_stay_where_they_are():
    counts = scattered((FIELD, FIELD))

    assert (lay_out(counts, DEG_PER_PIXEL) == counts).all()


@pytest.mark.parametrize(("side", "deg"), [(212, 0.039), (53, 0.156), (120, 0.075), (300, 0.1)])
def test_no_photon_of_the_field_is_lost_in_other_pixels(side, deg):
    counts = scattered((side, side))
    y, x = (np.abs(np.indices(counts.shape) + 0.5 - side / 2)) * deg
    inside = (np.maximum(y, x) < FIELD / 2 * DEG_PER_PIXEL) * counts

    laid = lay_out(counts, deg)

    assert np.nansum(laid) == inside.sum()
    assert not np.isnan(laid).any()


@given(st.integers(20, 60), st.integers(20, 60), st.floats(0.02, 0.156))
def test_laid_out_counts_are_whole_and_no_more_than_there_were(height, width, deg):
    counts = scattered((height, width))

    laid = lay_out(counts, deg)

    assert np.nansum(laid) <= counts.sum()
    assert (np.nan_to_num(laid) % 1 == 0).all()


def test_the_middle_of_the_field_stays_in_the_middle():
    counts = np.zeros((54, 54))
    counts[26:28, 26:28] = 1  # four pixels about the centre

    laid = lay_out(counts, 0.15)

    assert laid[52:54, 52:54].sum() == 4


def test_where_the_image_does_not_reach_is_missing():
    laid = lay_out(np.zeros((53, FIELD)), DEG_PER_PIXEL)

    assert np.isnan(laid).mean() == pytest.approx(0.5, abs=0.01)


def test_pixels_that_nobody_looked_at_stay_missing_in_the_picture():
    counts = scattered((FIELD, FIELD))
    counts[3, 4] = np.nan

    picture = draw_counts(lay_out(counts, DEG_PER_PIXEL))

    assert np.isnan(picture[3, 4])
    assert np.isnan(picture).sum() == 1


def test_rings_need_all_pixels():
    counts = scattered((FIELD, FIELD))
    counts[3, 4] = np.nan

    with pytest.raises(ValueError, match="1 pixels were not looked at"):
        rings_of_counts(counts)


@pytest.mark.parametrize(("pixel", "said"), [(0.5, "holds 0.5"), (-1, "holds -1"), (np.inf, "inf")])
def test_what_is_no_number_of_photons_is_named(pixel, said):
    counts = scattered((FIELD, FIELD))
    counts[7, 7] = pixel

    with pytest.raises(ValueError, match=said):
        lay_out(counts, DEG_PER_PIXEL)


@pytest.mark.parametrize("deg", [0.5, 0.0, -0.078, np.nan])
def test_pixels_of_an_unusable_size_are_named(deg):
    with pytest.raises(ValueError, match=r"at most 0\.156 deg"):
        lay_out(scattered((FIELD, FIELD)), deg)


def test_counts_without_a_photon_are_black():
    assert not draw_counts(np.zeros((FIELD, FIELD))).any()
