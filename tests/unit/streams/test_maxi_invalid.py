"""Records of ``maxi_image`` that are wrong, and what is said of them."""

import pytest

from pipeline.errors import DecodeError, MissingInput
from tests.maxi_images import DECODER, PHOTONS, decode, picture
from tests.strategies import BIG_ID, container, record


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "gif"}, "written as 'gif'; we read fits, jpeg, png and raw"),
        ({"quantity": "magnitudes"}, "of 'magnitudes'; we know counts and grey"),
        ({"image": PHOTONS.astype("<f4") + 0.5}, "holds 0.5, which is no number of photons"),
        ({"pixel_deg": 1.0}, r"at most 0\.156 deg, and these have 1"),
        ({**picture("png"), "format": "jpeg"}, "is a PNG image, and format says jpeg"),
        ({**picture("png"), "quantity": "counts"}, "png image: that holds grey levels"),
        ({**picture("png"), "image": picture("png")["image"][:200]}, "png image cannot be read"),
        ({"image": b"SIMPLE  =", "format": "fits"}, "FITS"),
    ],
)
def test_what_is_wrong_is_named(changes, said):
    with pytest.raises(DecodeError, match=said):
        decode(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"image": b"", "format": "png"}, f"packet {BIG_ID} has no image"),
        ({"image": b"123", "format": "raw"}, "needs its dtype and shape"),
        ({"pixel_deg": None}, "says not how large its pixels are"),
    ],
)
def test_what_is_missing_is_named(changes, said):
    with pytest.raises(MissingInput, match=said):
        decode(**changes)


RAW = record(
    imageId="string",
    survey="string",
    format="string",
    image="bytes",
    dtype="string",
    shape={"type": "array", "items": "int"},
    quantity="string",
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shape": [36]}, r"shape \[36\], and should have \(y, x\)"),
        ({"shape": [0, 6]}, r"should have \(y, x\)"),
        ({"shape": [6, 7]}, "should have 42 bytes, and has 36"),
        ({"dtype": "O"}, "unknown type 'O'"),
    ],
)
def test_raw_bytes_that_do_not_fit_are_named(changes, said):
    value = {
        "imageId": "7",
        "survey": "x",
        "format": "raw",
        "image": bytes(range(36)),
        "dtype": "|u1",
        "shape": [6, 6],
        "quantity": "grey",
    }

    assert DECODER.decode(container(RAW, value)).sample.shape == (32, 32)
    with pytest.raises(DecodeError, match=said):
        DECODER.decode(container(RAW, value | changes))
