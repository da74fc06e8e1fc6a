"""Judge pulse networks: on simulated pulses, beside a plain rise-time cut, or on a labelled file.

The splits of `models.xgamma_pulse.simulate` share no seed. Temperature and threshold come from the
validation split, the cut from the training split, every figure from the test split. Figures of
*simulated* pulses say how well a network learnt the simulation, not how it does on an instrument.
"""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy import ndarray

from models.artifact import Artifact
from models.evaluation.plots import plot_all
from models.evaluation.rates import rate
from models.evaluation.table import figures
from models.network import FloatArray
from models.runtime import open_runtime
from models.xgamma_pulse import rise_time
from models.xgamma_pulse.preprocess import preprocess
from models.xgamma_pulse.pulse_files import read_pulses
from models.xgamma_pulse.simulate import block, blocks

__all__ = ["Judged", "Score", "evaluate", "judge", "judge_rise_time", "tabulate"]

PIECE = 500
"""Pulses that are judged at once."""

NAMED = 20
"""Rejected pulses of a file that are named with their reasons; all of them are counted."""

SNR_BINS = (5.0, 7.0, 10.0, 20.0)
"""Bounds of charge over equivalent noise charge, for the accuracy by bin."""

_SEED = 20261122
_TEST = 20_000

Score: TypeAlias = Callable[[FloatArray], ndarray]
"""Inputs ``(n, 200, 1)``, n at most `PIECE`, to the probability of a gamma ray ``(n,)``."""


class Judged(NamedTuple):
    """What a network said of pulses, and the truth; each ``(n,)``."""

    score: ndarray
    gamma: ndarray
    snr: ndarray
    kinds: ndarray


def evaluate(
    artifact: Artifact,
    *,
    data: Path | None = None,
    plots: Path | None = None,
    pulses: int = _TEST,
) -> dict[str, Any]:
    """Return the figures of trained weights, and draw them.

    Of simulated pulses there is ``trainingTable`` too: what the training wrote of all the networks
    into the manifest, not measured again. Of a file, ``rejectedPulses`` has the first of those
    that could not be judged, by row from 0, and why.

    Parameters
    ----------
    data
        A labelled pulse file; simulated pulses if left out.
    plots
        Folder for the plots.
    pulses
        How many to simulate.

    Raises
    ------
    ValueError
        If the file has no labels, or no pulse of one class.
    """
    runtime = open_runtime(artifact, precision="float32", batch_sizes=(PIECE,))

    def score(inputs: FloatArray) -> ndarray:
        padded = np.zeros((PIECE, *inputs.shape[1:]), np.float32)
        padded[: len(inputs)] = inputs
        return runtime.infer(padded)[: len(inputs), 1]

    history = artifact.manifest["training"].get("learningCurve", ())
    if data is not None:
        return _judge_file(score, artifact, data, plots)
    judged = judge(score, _SEED, "test", pulses)
    if plots is not None:
        classes = artifact.network.classes
        plot_all(
            plots, judged.score, judged.gamma, classes=classes, snr=judged.snr, history=history
        )
    found = tabulate(judged, artifact.threshold) | {"riseTimeCut": judge_rise_time(_SEED, pulses)}
    return found | {"trainingTable": artifact.manifest["metrics"].get("table", {})}


def judge(score: Score, seed: int, split: str, n: int) -> Judged:
    """Score ``n`` pulses of a split, rounded up to whole pieces; the waveforms are not kept."""
    parts = []
    for made in islice(blocks(seed, split, PIECE), -(-n // PIECE)):
        found = score(preprocess(made.waveforms.astype(np.float32)).inputs)
        kinds = np.where(made.labels == 1, "gamma_ray", "x_ray").astype("<U32")
        kinds[made.piled_up] = np.char.add(kinds[made.piled_up], " piled up")
        parts.append((found, made.labels == 1, made.snr, kinds))
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def tabulate(judged: Judged, threshold: float) -> dict[str, Any]:
    """Return the figures of simulated pulses, as the manifest keeps them."""
    return {
        "data": "simulated",
        **figures(
            judged.score,
            judged.gamma,
            threshold=threshold,
            snr=judged.snr,
            snr_bins=SNR_BINS,
            kinds=judged.kinds,
        ),
    }


def judge_rise_time(seed: int, n: int) -> dict[str, Any]:
    """Return how often the plain cut is right on the pulses of the test split that networks see."""
    known = block(seed, "train", 0, 10_000)
    cut = rise_time.fit(known.waveforms, known.labels)
    right = [
        cut.judge(made.waveforms) == (made.labels == 1)
        for made in islice(blocks(seed, "test", PIECE), -(-n // PIECE))
    ]
    return {
        "accuracy": rate(np.concatenate(right)),
        "cutMicroseconds": cut.cut_us,
        "smoothedSamples": cut.width,
    }


def _judge_file(score: Score, artifact: Artifact, data: Path, plots: Path | None) -> dict[str, Any]:
    """Judge the pulses of a file; those that `preprocess` rejects are named and left out."""
    scores, truths, rejected = [], [], dict[int, str]()
    for piece in read_pulses(data, PIECE):
        if piece.labels is None:
            raise ValueError(f"{data} has no labels to judge by")
        made = preprocess(piece.samples)
        usable = np.ones(len(piece.labels), bool)
        usable[list(made.rejected)] = False
        rejected |= {piece.first + row: made.rejected[row] for row in sorted(made.rejected)}
        scores.append(score(made.inputs)[usable])
        truths.append(piece.labels[usable] == 1)
    judged, gamma = np.concatenate(scores), np.concatenate(truths)
    if gamma.all() or not gamma.any():
        raise ValueError(f"{data} has {gamma.sum()} gamma rays of {gamma.size} pulses: need both")
    if plots is not None:
        plot_all(plots, judged, gamma, classes=artifact.network.classes)
    found = figures(judged, gamma, threshold=artifact.threshold)
    return {
        "data": f"pulses, {data.name}",
        "rejected": len(rejected),
        "rejectedPulses": {str(row): why for row, why in islice(rejected.items(), NAMED)},
        **found,
    }
