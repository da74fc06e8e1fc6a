"""Judge Deep-HiTS, and calibrate it: on simulated candidates, on chunks, on stored predictions.

The splits of `models.deep_hits.simulate` share no seed. Temperature and threshold come from the
validation split, every figure from the test split. Figures of *simulated* candidates say how well
the network learnt the simulation, not how it does on a survey; they are given for HiTS, to be laid
beside the published ones, and for the mixture of surveys that the network is served with.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy import ndarray

from models.artifact import Artifact
from models.deep_hits import DEEP_HITS
from models.deep_hits.chunks import chunk_files, read_chunk
from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import blocks
from models.deep_hits.surveys import SURVEYS
from models.evaluation.calibration import cooled
from models.evaluation.plots import plot_all, plot_learning_curve
from models.evaluation.rates import threshold_at
from models.evaluation.table import FALSE_POSITIVE_RATE, figures
from models.runtime import open_runtime
from models.training.calibrate import calibrate as fold

__all__ = ["Judged", "calibrate", "evaluate", "judge", "read_predictions", "table"]

_BLOCK = 500

_EXAMPLES = 5
"""Rejected candidates that are told with their reasons; the others are counted."""

_SEED = 20261122
_TEST = 40_000
"""Simulated candidates of each survey that ``evaluate`` judges: as many as the training does."""

Score = Callable[[ndarray], ndarray]
"""Inputs ``(n, 21, 21, 4)`` to the probability of a real candidate ``(n,)``."""


class Judged(NamedTuple):
    """What the network said of candidates, and the truth; each ``(n,)``."""

    score: ndarray
    real: ndarray
    snr: ndarray
    kinds: ndarray


def evaluate(
    artifact: Artifact,
    *,
    data: Path | None = None,
    plots: Path | None = None,
    candidates: int = _TEST,
) -> dict[str, Any]:
    """Return the figures of trained weights, and draw them.

    Parameters
    ----------
    data
        Deep-HiTS chunks: a file ``.pkl`` or a folder of them. Or stored predictions of any
        classifier, a file ``.npz`` with ``label``, ``snr`` and ``p_real``, which need no network.
        Simulated candidates if left out.
    plots
        Folder for the plots.
    candidates
        How many to simulate, of each survey.

    Raises
    ------
    ValueError
        If the data are not what they should be, or have no candidate of one class.
    """
    classes = DEEP_HITS.classes
    about: dict[str, Any]
    if data is not None and data.suffix == ".npz":
        judged, about = read_predictions(data), {"data": f"stored predictions, {data.name}"}
        threshold = None  # ours is of another classifier
    elif data is not None:
        judged, rejected = _judge_chunks(_open(artifact), data)
        about = {"data": f"chunks, {data.name}", "rejected": rejected}
        threshold = artifact.threshold
    else:
        score = _open(artifact)
        found = {name: _simulated(score, _SEED, "test", candidates, name) for name in SURVEYS}
        for name, survey in found.items():
            _draw(plots and plots / name, survey, classes)
        curve = artifact.manifest["training"].get("learningCurve")
        if plots is not None and curve:
            plot_learning_curve(plots / "learning-curve.png", curve)
        return table(found, artifact.threshold)
    if judged.real.all() or not judged.real.any():
        raise ValueError(f"{data} has {judged.real.sum()} real of {judged.real.size}: need both")
    _draw(plots, judged, classes)
    return about | figures(judged.score, judged.real, threshold=threshold, snr=judged.snr)


def judge(network: keras.Model, seed: int, split: str, n: int) -> dict[str, Judged]:
    """Let layers judge ``n`` simulated candidates of a split, for each survey."""

    def score(inputs: ndarray) -> ndarray:
        return np.asarray(network.predict_on_batch(inputs))[:, 1]

    return {name: _simulated(score, seed, split, n, name) for name in SURVEYS}


def calibrate(network: keras.Model, seed: int, n: int) -> tuple[float, float]:
    """Fit temperature and threshold on the validation split of both surveys.

    The temperature is folded into the last dense layer, so the network gives
    ``softmax(logits / temperature)``. The threshold lets one artefact in a hundred of the mixed
    surveys through: those are what the network is served with.
    """
    found = judge(network, seed, "validation", n)
    score = np.concatenate([one.score for one in found.values()])
    temperature, _ = fold(network, score, np.concatenate([one.real for one in found.values()]))
    mixed = found["mixed"]
    quiet = cooled(mixed.score[~mixed.real], temperature)
    return temperature, threshold_at(quiet, FALSE_POSITIVE_RATE)


def table(found: Mapping[str, Judged], threshold: float) -> dict[str, Any]:
    """Return what the manifest keeps: the figures of HiTS, and of the mixture under ``mixed``."""
    hits, mixed = found["hits"], found["mixed"]
    return {
        "data": "simulated",
        "survey": "hits",
        **figures(hits.score, hits.real, threshold=threshold, snr=hits.snr, kinds=hits.kinds),
        "mixed": figures(
            mixed.score, mixed.real, threshold=threshold, snr=mixed.snr, kinds=mixed.kinds
        ),
    }


def read_predictions(path: Path) -> Judged:
    """Read stored predictions.

    Raises
    ------
    ValueError
        If an array is missing, they differ in length, or a value is impossible; the message has
        the file, and the value.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        missing = {"label", "snr", "p_real"} - set(stored.files)
        if missing:
            raise ValueError(f"{path} has no {', '.join(sorted(missing))}, only {stored.files}")
        label, snr, score = stored["label"], stored["snr"], stored["p_real"]
    if not label.shape == snr.shape == score.shape or label.ndim != 1:
        raise ValueError(f"{path}: label, snr and p_real differ in shape")
    for name, values, right, what in (
        ("label", label, np.isin(label, (0, 1)), "0 or 1"),
        ("p_real", score, (score >= 0) & (score <= 1), "from 0 to 1"),  # false for NaN
    ):
        if not right.all():
            raise ValueError(f"{path}: {name} is {what}, not {values[~right][:5]}")
    real = label == 1
    return Judged(score.astype(np.float64), real, snr.astype(np.float64), label)


def _open(artifact: Artifact) -> Score:
    """Load the network as it is served."""
    runtime = open_runtime(artifact, precision="float32", batch_sizes=(_BLOCK,))

    def score(inputs: ndarray) -> ndarray:
        padded = np.zeros((_BLOCK, *inputs.shape[1:]), np.float32)
        padded[: len(inputs)] = inputs
        return runtime.infer(padded)[: len(inputs), 1]

    return score


def _simulated(score: Score, seed: int, split: str, n: int, survey: str) -> Judged:
    """Score ``n`` candidates of a split, rounded up to whole blocks; the stamps are not kept."""
    parts = []
    made = blocks(seed, split, _BLOCK, SURVEYS[survey])
    for block in islice(made, -(-n // _BLOCK)):
        found = score(preprocess(block.samples).inputs)
        parts.append((found, block.labels == 1, block.snr, block.kinds))
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _judge_chunks(score: Score, path: Path) -> tuple[Judged, dict[str, Any]]:
    """Score chunks; say which candidates `preprocess` rejects, and leave them out."""
    parts, rejected = [], dict[str, str]()
    for file in chunk_files(path):
        chunk = read_chunk(file)
        for start in range(0, len(chunk.labels), _BLOCK):
            rows = slice(start, start + _BLOCK)
            made, labels = preprocess(chunk.samples[rows]), chunk.labels[rows]
            rejected |= {f"{file.name}, row {start + i}": why for i, why in made.rejected.items()}
            kept = np.ones(len(labels), bool)
            kept[list(made.rejected)] = False
            columns = (score(made.inputs), labels == 1, chunk.snr[rows], labels)
            parts.append([column[kept] for column in columns])
    judged = Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return judged, {"count": len(rejected), "first": dict(islice(rejected.items(), _EXAMPLES))}


def _draw(folder: Path | None, judged: Judged, classes: tuple[str, ...]) -> None:
    if folder is not None:
        plot_all(folder, judged.score, judged.real, classes=classes, snr=judged.snr)
