"""Judge a network on a folder of the G2Net competition, and answer its test segments.

Its organisers simulated all of it: mergers in stationary Gaussian noise.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from models.artifact import Artifact
from models.evaluation.plots import plot_all
from models.evaluation.table import figures
from models.strain_resnet.g2net import LISTS, G2NetSegment, segments, write_submission
from models.strain_resnet.scoring import Predict

__all__ = ["judge_g2net"]

_BLOCK = 250
"""Segments in memory at a time."""

_EXAMPLES = 5
"""Rejected segments whose reasons are given."""


def judge_g2net(
    predict: Predict, artifact: Artifact, folder: Path, out: Path | None
) -> dict[str, Any]:
    """Return the figures on the labelled segments, and plot them; answer the others.

    Segments that preprocessing rejects are in no figure, and ``rejected`` names them. A submission
    needs an answer for each, so there they have the score of silence, and ``submittedThoughRejected``
    names them.

    Parameters
    ----------
    out
        Where plots and ``submission.csv`` go; without, the test segments are left alone.

    Raises
    ------
    ValueError
        If the labels of what is not rejected are all the same.
    G2NetError
        If a file is missing or wrong.
    """
    found: dict[str, Any] = {"data": "G2Net (simulated by its organisers)"}
    if (folder / LISTS["train"]).is_file():
        found |= _judge(predict, artifact, folder, out)
    if out is not None and (folder / LISTS["test"]).is_file():
        found |= _answer(predict, artifact, folder, out)
    return found


def _judge(predict: Predict, artifact: Artifact, folder: Path, out: Path | None) -> dict[str, Any]:
    labels, scores, rejected = [], [], dict[str, str]()
    for segment, score in _scored(predict, artifact, segments(folder), rejected):
        if segment.segment_id not in rejected:
            labels.append(segment.label == 1)
            scores.append(score)
    if not 0 < sum(labels) < len(labels):
        raise ValueError(
            f"{folder} has segments of one class only: {sum(labels)} of {len(labels)} with a signal,"
            f" {len(rejected)} rejected"
        )
    truth, ranked = np.array(labels, bool), np.array(scores, np.float32)
    found = figures(ranked, truth, threshold=artifact.threshold)
    if out is not None:
        plot_all(out, ranked, truth, classes=artifact.network.classes)
    return found | {"rejected": _named(rejected)}


def _answer(predict: Predict, artifact: Artifact, folder: Path, out: Path) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    rejected: dict[str, str] = {}
    tested = _scored(predict, artifact, segments(folder, split="test"), rejected)
    answers = ((segment.segment_id, score) for segment, score in tested)
    submitted = write_submission(out / "submission.csv", answers)
    return {"submitted": submitted, "submittedThoughRejected": _named(rejected)}


def _scored(
    predict: Predict,
    artifact: Artifact,
    reading: Iterator[G2NetSegment],
    rejected: dict[str, str],
) -> Iterator[tuple[G2NetSegment, float]]:
    """Yield each segment with its score, having noted in ``rejected`` why by id, where it is."""
    while batch := list(islice(reading, _BLOCK)):
        made = artifact.network.preprocess(np.stack([one.strain for one in batch]))
        rejected |= {batch[row].segment_id: reason for row, reason in made.rejected.items()}
        yield from zip(batch, map(float, predict(made.inputs)), strict=True)


def _named(rejected: dict[str, str]) -> dict[str, Any]:
    """Return how many were rejected, all their ids, and the reasons of the first."""
    return {
        "count": len(rejected),
        "ids": list(rejected),
        "examples": dict(islice(rejected.items(), _EXAMPLES)),
    }
