"""Judge trained weights: ``skytriage evaluate strain-resnet``.

On simulated segments that the network never saw: every figure of `figures`, beside the matched filter
on the same segments, and for every subset of the detectors, with thresholds of its own. With
``--data`` also, or instead, on real files: a folder of G2Net, or of GWOSC around the events that
`real_events` knows.
"""

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from models.artifact import Artifact
from models.evaluation.plots import plot_all
from models.evaluation.rates import threshold_at
from models.evaluation.table import figures
from models.network import FloatArray
from models.runtime import open_runtime
from models.strain_resnet.augment import ABSENCES
from models.strain_resnet.figures import FALSE_ALARMS, ranking, table
from models.strain_resnet.g2net import segments
from models.strain_resnet.matched_filter import draw_bank, filter_segments
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import preprocess
from models.strain_resnet.real_events import real_figures
from models.strain_resnet.scoring import Judged, Predict, judge, truths
from models.strain_resnet.simulate import blocks

__all__ = ["evaluate", "evaluate_g2net", "search"]

_BLOCK = 250

_CHUNK = 2_500
"""Segments that one process searches with the matched filter at a time."""


def evaluate(
    artifact: Artifact,
    *,
    data: Path | None = None,
    plots: Path | None = None,
    count: int = 20_000,
    seed: int | None = None,
) -> dict[str, Any]:
    """Return every figure of the weights.

    Parameters
    ----------
    data
        A folder of G2Net (with ``training_labels.csv``) or one with the HDF5 files of the two
        events; simulated segments if left out.
    plots
        Where to draw; nowhere if left out.
    count
        Simulated segments of the test split.
    seed
        Of the simulation; that of the training if left out.

    Raises
    ------
    FileNotFoundError
        If the folder holds neither.
    """
    predict = _predict(artifact)
    if data is not None and (data / "training_labels.csv").is_file():
        return evaluate_g2net(predict, artifact, data)
    seed = int(artifact.manifest["training"]["seed"]) if seed is None else seed
    if data is not None:
        without_virgo = _of_subset(predict, artifact, seed, count, ("H1", "L1"))
        found = real_figures(predict, data, without_virgo["thresholds"])
        if not found:
            raise FileNotFoundError(f"{data} has no G2Net folder, nor the strain of an event")
        return found
    judged = judge(predict, artifact.network.preprocess, seed, "test", count)
    thresholds = artifact.manifest["metrics"]["thresholds"]
    if plots is not None:
        plot_all(
            plots,
            judged.score,
            judged.truth,
            classes=artifact.network.classes,
            snr=judged.snr,
            history=artifact.manifest["training"].get("history", ()),
        )
    subsets = [tuple(np.array(DETECTORS)[list(there)].tolist()) for there in ABSENCES]
    return {
        **table(judged, thresholds),
        "bySubset": {
            " ".join(present): _of_subset(predict, artifact, seed, count, present)
            for present in subsets
        },
        "matchedFilter": _compare(search(seed, count)),
    }


def search(seed: int, count: int, processes: int = 2) -> dict[str, Judged]:
    """Search the test segments with the matched filter; return its statistics by name."""
    chunks = [(first, min(_CHUNK, count - first)) for first in range(0, count, _CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(partial(_search_chunk, seed), chunks))
    columns = dict(zip(("peak", "evidence"), zip(*parts, strict=True), strict=True))
    return {name: truths(np.concatenate(column), seed, "test") for name, column in columns.items()}


def _search_chunk(seed: int, chunk: tuple[int, int]) -> tuple[ndarray, ndarray]:
    first, count = chunk
    bank, peaks, evidences = draw_bank(), [], []
    made = blocks(seed, "test", _BLOCK, first=first // _BLOCK)
    for block in islice(made, -(-count // _BLOCK)):
        statistics = filter_segments(preprocess(block.samples).inputs, bank)
        peaks.append(statistics.peak)
        evidences.append(statistics.evidence)
    return np.concatenate(peaks), np.concatenate(evidences)


def evaluate_g2net(predict: Predict, artifact: Artifact, folder: Path) -> dict[str, Any]:
    """Return the figures on the labelled segments of the competition."""
    score: list[ndarray] = []
    truth: list[int] = []
    reading = segments(folder)
    while batch := list(islice(reading, _BLOCK)):
        made = artifact.network.preprocess(np.stack([one.strain for one in batch]))
        score.append(predict(made.inputs))
        truth.extend(int(one.label or 0) for one in batch)
    labels = np.array(truth, bool)
    if labels.all() or not labels.any():
        raise ValueError(f"{folder} has segments of one class only: {len(labels)}")
    found = figures(np.concatenate(score), labels, threshold=artifact.threshold)
    return {"data": "real", **found}


def _predict(artifact: Artifact) -> Predict:
    """Open a runtime for batches of any size up to the block's: short ones are padded."""
    runtime = open_runtime(artifact, precision="float32", batch_sizes=(_BLOCK,))

    def predict(inputs: FloatArray) -> FloatArray:
        scores = []
        for first in range(0, len(inputs), _BLOCK):
            some = inputs[first : first + _BLOCK]
            padded = np.zeros((_BLOCK, *inputs.shape[1:]), np.float32)
            padded[: len(some)] = some
            scores.append(runtime.infer(padded)[: len(some), -1])
        return np.concatenate(scores)

    return predict


def _of_subset(
    predict: Predict, artifact: Artifact, seed: int, count: int, present: tuple[str, ...]
) -> dict[str, Any]:
    """Return the figures where these detectors listen, at thresholds of their own noise."""
    judged = judge(predict, artifact.network.preprocess, seed, "test", count, present=present)
    quiet = judged.score[~judged.truth]
    thresholds = {f"{rate:g}": threshold_at(quiet, rate) for rate in FALSE_ALARMS}
    full = table(judged, thresholds)
    return {
        "auc": full["auc"],
        "thresholds": thresholds,
        "efficiency": {key: full["efficiency"][key]["all"] for key in thresholds},
    }


def _compare(searched: Mapping[str, Judged]) -> dict[str, Any]:
    return {name: ranking(judged) for name, judged in searched.items()}
