import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from models.maxi_flare.picture import scale_to_maximum, shrink

SIDES = st.integers(1, 300)


@given(height=SIDES, width=SIDES)
def test_a_picture_of_any_size_is_shrunk_as_pillow_does(height, width):
    picture = np.random.default_rng(height * 301 + width).integers(
        0, 256, (height, width), np.uint8
    )
    pillow = Image.fromarray(picture).resize((32, 32), Image.Resampling.NEAREST)

    assert np.array_equal(shrink(picture), np.asarray(pillow, np.float32))


def test_a_picture_of_32_pixels_is_left_as_it_is():
    picture = np.random.default_rng(1).random((32, 32), np.float32)

    assert np.array_equal(shrink(picture), picture)


def test_a_picture_without_pixels_is_refused_with_its_shape():
    with pytest.raises(ValueError, match=r"shape \(0, 5\)"):
        shrink(np.zeros((0, 5)))


def test_the_largest_number_becomes_white():
    assert scale_to_maximum(np.array([[0, 2], [4, 8]])).tolist() == [[0, 63.75], [127.5, 255]]


def test_nan_is_no_number_to_scale_by():
    scaled = scale_to_maximum(np.array([[np.nan, 2.0], [np.inf, 1.0]]))

    assert np.array_equal(scaled, [[np.nan, 255], [np.inf, 127.5]], equal_nan=True)


@given(hnp.arrays(np.float64, (2, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_no_grey_level_is_above_white(pixels):
    assert scale_to_maximum(pixels).max(initial=0) <= 255
