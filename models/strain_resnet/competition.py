"""Judge a network on a folder of the G2Net competition, and answer its test segments."""

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


def judge_g2net(
    predict: Predict, artifact: Artifact, folder: Path, out: Path | None
) -> dict[str, Any]:
    """Return the figures on the labelled segments, and plot them; answer the others.

    Parameters
    ----------
    out
        Where plots and ``submission.csv`` go; without, the test segments are left alone.

    Raises
    ------
    ValueError
        If the labels are all the same.
    G2NetError
        If a file is missing or wrong.
    """
    found: dict[str, Any] = {"data": "real"}
    if (folder / LISTS["train"]).is_file():
        labels, scores = [], []
        for _, label, score in _scored(predict, artifact, segments(folder)):
            labels.append(label == 1)
            scores.append(score)
        if len(set(labels)) == 1:
            raise ValueError(f"{folder} has segments of one class only: {len(labels)}")
        truth, ranked = np.array(labels, bool), np.array(scores, np.float32)
        found |= figures(ranked, truth, threshold=artifact.threshold)
        if out is not None:
            plot_all(out, ranked, truth, classes=artifact.network.classes)
    if out is not None and (folder / LISTS["test"]).is_file():
        out.mkdir(parents=True, exist_ok=True)
        tested = _scored(predict, artifact, segments(folder, split="test"))
        answers = ((segment_id, score) for segment_id, _, score in tested)
        found["submitted"] = write_submission(out / "submission.csv", answers)
    return found


def _scored(
    predict: Predict, artifact: Artifact, reading: Iterator[G2NetSegment]
) -> Iterator[tuple[str, int | None, float]]:
    """Yield id, label and score of each segment."""
    while batch := list(islice(reading, _BLOCK)):
        made = artifact.network.preprocess(np.stack([one.strain for one in batch]))
        for segment, score in zip(batch, predict(made.inputs), strict=True):
            yield segment.segment_id, segment.label, float(score)
