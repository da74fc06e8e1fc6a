"""Judge trained weights: ``skytriage evaluate maxi-flare``.

Without data on simulated images of the test split. With a folder of pictures, ``background/`` and
``flare/``, on those; with one file, what the network says of it. A file that cannot be read, or
that preprocessing rejects, is named and counted, and the others are judged.
"""

from pathlib import Path
from typing import Any

import numpy as np

from models.artifact import Artifact
from models.evaluation.plots import plot_all
from models.evaluation.table import figures
from models.maxi_flare.figures import draw_plots, table
from models.maxi_flare.folder import PictureError, labelled_files, read_picture
from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import preprocess
from models.maxi_flare.scoring import Predict, predict_with
from models.network import FloatArray

__all__ = ["evaluate", "prepare_file", "score_file"]

_IMAGES = 40_000


def evaluate(
    artifact: Artifact, *, data: Path | None = None, plots: Path | None = None
) -> dict[str, Any]:
    """Return the figures of the network, each rate with its count and its 95 % interval.

    Parameters
    ----------
    data
        A folder of labelled pictures, or one picture; simulated ones if left out.
    plots
        Folder for the plots; none are drawn if left out.

    Raises
    ------
    PictureError
        If the folder is not one of pictures by class, or no picture of a class can be used.
    """
    network = artifact.network.build()
    network.load_weights(artifact.weights)
    predict = predict_with(network)
    if data is None:
        training = artifact.manifest["training"]
        seed = int(training["seed"])
        if plots is not None:
            draw_plots(predict, seed, _IMAGES, plots, training.get("learningCurve", ()))
        return table(predict, seed, _IMAGES, artifact.threshold)
    if data.is_file():
        score = score_file(predict, data)
        return {"data": str(data), "score": score, "alert": score >= artifact.threshold}
    return _judge_folder(predict, data, artifact.threshold, plots)


def score_file(predict: Predict, path: Path) -> float:
    """Return the probability of a flare in one picture."""
    return float(predict(prepare_file(path))[0])


def prepare_file(path: Path) -> FloatArray:
    """Read one picture and make it what the network eats, shape ``(1, 32, 32, 1)``.

    Raises
    ------
    PictureError
        If it cannot be read, or there is nothing in it to judge.
    """
    made = preprocess(shrink(read_picture(path))[None])
    if made.rejected:
        raise PictureError(f"{path}: {made.rejected[0]}")
    return made.inputs


def _judge_folder(
    predict: Predict, folder: Path, threshold: float, plots: Path | None
) -> dict[str, Any]:
    scores, truth, unused = [], [], []
    for file in labelled_files(folder):
        try:
            scores.append(score_file(predict, file.path))
        except PictureError as error:
            unused.append(str(error))
        else:
            truth.append(file.label == 1)
    if len(set(truth)) != len({0, 1}):
        raise PictureError(f"{folder} has usable pictures of one class at most: {unused[:3]}")
    score, flare = np.array(scores), np.array(truth)
    if plots is not None:
        plot_all(plots, score, flare, classes=("background", "flare"))
    return {
        "data": str(folder),
        "unused": len(unused),
        "unusedFiles": unused,
        **figures(score, flare, threshold=threshold),
    }
