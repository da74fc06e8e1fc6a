import numpy as np
import pytest

from models.evaluation.plots import (
    plot_all,
    plot_confusion,
    plot_learning_curve,
    plot_roc,
    plot_scores,
)

SVG = "http://www.w3.org/2000/svg"


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    truth = rng.random(2000) < 0.5
    return 1 / (1 + np.exp(-rng.normal(np.where(truth, 2, -2), 1))), truth


def test_every_plot_is_drawn(judged, tmp_path):
    snr = np.random.default_rng(1).normal(0, 20, 2000)
    history = [
        {"step": 50, "loss": 0.5},
        {"step": 50, "validation": 0.4},
        {"step": 99, "loss": 0.2},
    ]

    files = plot_all(tmp_path, *judged, classes=("no", "yes"), snr=snr, history=history)

    assert [file.stem for file in files] == [
        *("roc", "det", "confusion", "calibration", "scores", "efficiency", "learning-curve")
    ]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_without_snr_and_history_the_rest_is_drawn(judged, tmp_path):
    files = plot_all(tmp_path, *judged, classes=("no", "yes"))

    assert [file.stem for file in files] == ["roc", "det", "confusion", "calibration"]


def test_the_name_says_the_format(judged, tmp_path):
    plot_roc(tmp_path / "roc.svg", *judged)

    assert SVG in (tmp_path / "roc.svg").read_text()


def test_scores_can_be_drawn_by_flux_though_empty_skies_have_none(judged, tmp_path):
    score, truth = judged

    plot_scores(tmp_path / "scores.svg", score, truth, truth * 35.0, label="flux [mCrab]")

    assert "score by flux [mCrab]" in (tmp_path / "scores.svg").read_text()


def test_a_class_that_never_came_is_drawn_as_empty(tmp_path):
    plot_confusion(tmp_path / "c.png", np.array([0, 0, 2]), np.array([0, 0, 2]), ("a", "b", "c"))

    assert (tmp_path / "c.png").stat().st_size > 1000


def test_perfect_scores_can_be_drawn(tmp_path):
    truth = np.array([True, False] * 20)

    files = plot_all(tmp_path, truth.astype(float), truth, classes=("no", "yes"), snr=truth * 8.0)

    assert len(files) == 6


def test_a_curve_without_validation_is_drawn(tmp_path):
    plot_learning_curve(tmp_path / "curve.png", [{"step": 1, "loss": 1.0}])

    assert (tmp_path / "curve.png").exists()
