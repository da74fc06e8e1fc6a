"""Judge trained weights: ``skytriage evaluate strain-resnet``.

On simulated segments that the network never saw: every figure of `figures`, beside the matched filter
on the same segments, and for every subset of the detectors, with thresholds of its own, of the
validation split. With ``--data`` on files instead: a folder of G2Net, whose test segments go into
``submission.csv``, or of GWOSC around the events that `real_events` knows.
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
from models.evaluation.rates import auc_lead
from models.network import FloatArray
from models.runtime import open_runtime
from models.strain_resnet.augment import ABSENCES
from models.strain_resnet.competition import judge_g2net
from models.strain_resnet.figures import ranking, table, thresholds_of
from models.strain_resnet.g2net import LISTS
from models.strain_resnet.matched_filter import draw_bank, filter_segments
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import SERIES_SHAPE, preprocess
from models.strain_resnet.real_events import real_figures
from models.strain_resnet.scoring import Judged, Predict, judge, truths
from models.strain_resnet.simulate import blocks

__all__ = ["evaluate", "search"]

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
        A folder of G2Net (``training_labels.csv``, ``sample_submission.csv`` or both) or one with
        the HDF5 files of the two events; simulated segments if left out.
    plots
        Where to draw, and where ``submission.csv`` goes; nowhere if left out.
    count
        Simulated segments of the test split.
    seed
        Of the simulation; that of the training if left out.

    Raises
    ------
    FileNotFoundError
        If the folder holds neither.
    ValueError
        If the windows of a running detector are asked of a network for images.
    """
    predict = _predict(artifact)
    seed = int(artifact.manifest["training"]["seed"]) if seed is None else seed
    if data is not None:
        if any((data / name).is_file() for name in LISTS.values()):
            return judge_g2net(predict, artifact, data, plots)
        return _evaluate_events(predict, artifact, data, seed, count)
    judged = judge(predict, artifact.network.preprocess, seed, "test", count)
    thresholds = artifact.manifest["metrics"]["thresholds"]
    if plots is not None:
        plot_all(
            plots,
            judged.score,
            judged.truth,
            classes=artifact.network.classes,
            snr=judged.snr,
            history=artifact.manifest["training"].get("learningCurve", ()),
        )
    subsets = [tuple(np.array(DETECTORS)[list(there)].tolist()) for there in ABSENCES]
    return {
        **table(judged, thresholds),
        "bySubset": {
            " ".join(present): _of_subset(predict, artifact, seed, count, present)
            for present in subsets
        },
        "matchedFilter": _compare(judged, search(seed, count)),
    }


def _evaluate_events(
    predict: Predict, artifact: Artifact, data: Path, seed: int, count: int
) -> dict[str, Any]:
    if artifact.network.input_shape != SERIES_SHAPE:
        raise ValueError(f"windows are series of {SERIES_SHAPE}: {artifact.folder} takes images")
    thresholds = _thresholds(predict, artifact, seed, count, ("H1", "L1"))
    found = real_figures(predict, data, thresholds)
    if not found:
        raise FileNotFoundError(f"{data} has no G2Net folder, nor the strain of an event")
    return found


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
    """Return the figures where these detectors listen, at thresholds of their own."""
    thresholds = _thresholds(predict, artifact, seed, count, present)
    judged = judge(predict, artifact.network.preprocess, seed, "test", count, present=present)
    full = table(judged, thresholds)
    return {
        "auc": full["auc"],
        "thresholds": thresholds,
        "falseAlarms": {key: full["efficiency"][key]["falseAlarms"] for key in thresholds},
        "efficiency": {key: full["efficiency"][key]["all"] for key in thresholds},
    }


def _thresholds(
    predict: Predict, artifact: Artifact, seed: int, count: int, present: tuple[str, ...]
) -> dict[str, float]:
    """Return what the noise of the validation split reaches so often, where these listen."""
    prepare = artifact.network.preprocess
    judged = judge(predict, prepare, seed, "validation", count, present=present)
    quiet = judged.score[~judged.truth]
    return thresholds_of(quiet)


def _compare(network: Judged, searched: Mapping[str, Judged]) -> dict[str, Any]:
    """Return the figures of the statistics, and by how much the network ranks better."""
    return {
        name: {
            **ranking(judged),
            "networkLead": auc_lead(network.score, judged.score, judged.truth),
        }
        for name, judged in searched.items()
    }
