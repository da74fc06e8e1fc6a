import gzip

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from models.maxi_flare.folder import (
    LabelledFile,
    PictureError,
    Window,
    labelled_files,
    read_picture,
)


@pytest.fixture
def picture():
    """Grey levels with a maximum of 255, as MAXI's pictures have."""
    levels = np.random.default_rng(1).integers(0, 250, (106, 90), np.uint8)
    levels[3, 4] = 255
    return levels


@pytest.fixture
def folder(tmp_path, picture):
    for name in ("background/b.png", "background/a.png", "flare/c.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path)
    return tmp_path


def test_files_come_by_class_and_name_with_their_labels(folder):
    found = [(file.path.name, file.label) for file in labelled_files(folder)]

    assert found == [("a.png", 0), ("b.png", 0), ("c.png", 1)]


def test_files_come_one_at_a_time(folder):
    (folder / "flare" / "c.png").unlink()  # only an error once it is reached

    assert next(labelled_files(folder)) == LabelledFile(folder / "background" / "a.png", 0)


def test_a_hidden_file_is_no_picture(folder):
    (folder / "flare" / ".DS_Store").touch()

    assert len(list(labelled_files(folder))) == 3


def test_a_file_of_another_kind_is_named(folder):
    (folder / "flare" / "notes.txt").touch()

    with pytest.raises(PictureError, match=r"notes\.txt ends in none of \.jpg"):
        list(labelled_files(folder))


def test_a_class_without_a_folder_is_named(tmp_path):
    with pytest.raises(PictureError, match="background is not a folder"):
        list(labelled_files(tmp_path))


def test_a_class_without_pictures_is_named(folder):
    (folder / "flare" / "c.png").unlink()

    with pytest.raises(PictureError, match="flare holds no pictures"):
        list(labelled_files(folder))


def test_png_is_read_as_it_was_written(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "a.PNG")

    assert np.array_equal(read_picture(tmp_path / "a.PNG"), picture)


def test_a_jpeg_in_three_equal_channels_is_grey(tmp_path, picture):
    Image.fromarray(picture).convert("RGB").save(tmp_path / "a.jpg", quality=100)

    assert np.abs(read_picture(tmp_path / "a.jpg") - picture).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, ">f4", np.float64])
@pytest.mark.parametrize("name", ["a.fits", "a.fit", "a.fits.gz"])
def test_fits_is_scaled_to_its_maximum(tmp_path, picture, dtype, name):
    fits.writeto(tmp_path / name, (picture // 15).astype(dtype))

    assert np.allclose(read_picture(tmp_path / name), picture // 15 * 15, atol=1e-3)


def test_fits_may_hold_its_image_in_an_extension(tmp_path, picture):
    units = [fits.PrimaryHDU(), fits.ImageHDU(picture.astype(np.float32))]
    fits.HDUList(units).writeto(tmp_path / "a.fits")

    assert np.allclose(read_picture(tmp_path / "a.fits"), picture, atol=1e-3)


def test_missing_pixels_of_fits_stay_missing(tmp_path, picture):
    pixels = picture.astype(np.float32)
    pixels[0, 0] = np.nan
    fits.writeto(tmp_path / "a.fits", pixels)

    assert np.isnan(read_picture(tmp_path / "a.fits")[0, 0])


def test_a_picture_of_16_bits_is_scaled_to_its_maximum(tmp_path, picture):
    Image.fromarray(picture.astype(np.uint16) * 100).save(tmp_path / "a.png")

    assert np.allclose(read_picture(tmp_path / "a.png"), picture, atol=1e-3)


def damage(data):
    return {
        "empty": b"",
        "cut off": data[: len(data) // 2],
        "other bytes": b"no picture at all",
    }


@pytest.mark.parametrize("kind", ["empty", "cut off", "other bytes"])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.fits"])
def test_a_damaged_file_is_named(tmp_path, picture, kind, name):
    path = tmp_path / name
    if name == "a.fits":
        fits.writeto(path, picture)
    else:
        Image.fromarray(picture).save(path)
    path.write_bytes(damage(path.read_bytes())[kind])

    with pytest.raises(PictureError, match=rf"{path} "):
        read_picture(path)


def test_a_damaged_gzip_is_named(tmp_path):
    path = tmp_path / "a.fits.gz"
    path.write_bytes(gzip.compress(b"nothing")[:-3])

    with pytest.raises(PictureError, match=r"a\.fits\.gz"):
        read_picture(path)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [(np.zeros((2, 4, 4)), r"shape \(2, 4, 4\)"), (None, "holds no image")],
)
def test_fits_that_is_no_picture_says_why(tmp_path, pixels, reason):
    fits.PrimaryHDU(pixels).writeto(tmp_path / "a.fits")

    with pytest.raises(PictureError, match=reason):
        read_picture(tmp_path / "a.fits")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PictureError, match=r"gone\.jpg cannot be read"):
        read_picture(tmp_path / "gone.jpg")


def test_another_name_tells_no_window(tmp_path):
    assert Window.of(tmp_path / "xper.jpg") is None


def test_the_window_of_the_real_image_is_245_seconds(real_picture):
    window = Window.of(real_picture)

    assert (window.stop_mjd - window.start_mjd) * 86_400 == pytest.approx(245, abs=0.5)


def test_the_real_image_is_read_as_grey(real_picture):
    picture = read_picture(real_picture)

    assert picture.shape == (106, 106)
    assert picture.max() == 254
