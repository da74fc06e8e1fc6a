import io

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.report.png import MISSING, encode_png

PALETTE = np.random.default_rng(1).integers(0, 256, (256, 3), dtype=np.uint8)
SHAPES = st.tuples(st.integers(1, 30), st.integers(1, 30))


def read_png(data):
    """Return red, green, blue and alpha, shape ``(y, x, 4)``, as another library reads them."""
    return (matplotlib.image.imread(io.BytesIO(data), format="png") * 255).round().astype(np.uint8)


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_an_image_reads_back_pixel_by_pixel(indices):
    pixels = read_png(encode_png(indices, PALETTE))

    there = indices != MISSING
    assert (pixels[there, :3] == PALETTE[indices[there]]).all()


@given(SHAPES.flatmap(lambda shape: arrays(np.uint8, shape)))
def test_only_missing_pixels_are_transparent(indices):
    pixels = read_png(encode_png(indices, PALETTE))

    assert (pixels[..., 3] == np.where(indices == MISSING, 0, 255)).all()


def test_an_index_outside_the_palette_is_refused():
    with pytest.raises(ValueError, match="index 9 in a palette of 3"):
        encode_png(np.full((2, 2), 9, np.uint8), PALETTE[:3])
