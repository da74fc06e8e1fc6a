import numpy as np
import pytest
from PIL import Image

from models.maxi_flare.evaluate import _judge_folder, prepare_file, score_file
from models.maxi_flare.folder import PictureError
from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import preprocess


def brightness(inputs):
    """Stand for a network: the mean of the 8x8 pixels at the centre, over that of all."""
    centre = inputs[:, 12:20, 12:20].mean(axis=(1, 2, 3))
    return (centre / (centre + inputs.mean(axis=(1, 2, 3)))).astype(np.float32)


@pytest.fixture
def folder(tmp_path, images):
    """Simulated pictures as files: six of each class, and two that cannot be used."""
    for name, label in (("background", 0), ("flare", 1)):
        (tmp_path / name).mkdir()
        rows = np.flatnonzero((images.labels == label) & (images.kinds == "plain"))[:6]
        for row in rows:
            Image.fromarray(images.pictures[row]).save(tmp_path / name / f"{row}.png")
    (tmp_path / "flare" / "damaged.jpg").write_bytes(b"no picture")
    Image.new("L", (40, 40)).save(tmp_path / "background" / "black.png")
    return tmp_path


def test_a_folder_of_pictures_is_judged_by_its_classes(folder):
    found = _judge_folder(brightness, folder, 0.6, None)

    assert found["candidates"] == 12
    assert found["real"] == 6
    assert found["auc"]["value"] > 0.9


def test_files_that_cannot_be_used_are_named_and_cost_only_themselves(folder):
    found = _judge_folder(brightness, folder, 0.6, None)

    assert found["unused"] == 2
    assert "black.png: the image is constant" in found["unusedFiles"][0]
    assert "damaged.jpg cannot be read" in found["unusedFiles"][1]


def test_a_folder_with_one_usable_class_is_refused(folder):
    for path in (folder / "flare").glob("*.png"):
        path.unlink()

    with pytest.raises(PictureError, match="one class at most"):
        _judge_folder(brightness, folder, 0.6, None)


def test_plots_of_a_folder_are_drawn(folder, tmp_path):
    _judge_folder(brightness, folder, 0.6, tmp_path / "plots")

    assert (tmp_path / "plots" / "roc.png").is_file()


def test_a_file_is_prepared_as_serving_prepares_its_picture(folder, images):
    path = next((folder / "flare").glob("*.png"))

    expected = preprocess(shrink(images.pictures[int(path.stem)])[None]).inputs

    assert np.array_equal(prepare_file(path), expected)


def test_the_score_of_a_file_is_that_of_its_picture(folder):
    path = next((folder / "flare").glob("*.png"))

    assert score_file(brightness, path) == pytest.approx(float(brightness(prepare_file(path))[0]))
