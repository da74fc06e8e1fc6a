"""Scores of simulated segments that no network was trained on, with the truth about them.

The segments of a split are made block by block and forgotten: 20,000 of them are a gigabyte.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from models.network import FloatArray, Preprocessed
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.simulate import Segments, blocks

if TYPE_CHECKING:
    import keras

__all__ = ["ALL", "Judged", "Predict", "judge", "predict_with", "truths"]

Predict: TypeAlias = Callable[[FloatArray], FloatArray]
"""Inputs ``(n, ...)`` to the probability of a signal ``(n,)``."""

ALL = DETECTORS

_BLOCK = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was said of segments, and the truth."""

    score: Float32[ndarray, " n"]
    """Probability of a signal, or another figure to rank by."""

    truth: Bool[ndarray, " n"]

    snr: Float32[ndarray, " n"]
    """Optimal SNR in the detectors that were there; 0 for noise."""

    masses_msun: Float32[ndarray, "n 2"]
    """The heavier and the lighter; NaN for noise."""


def judge(
    predict: Predict,
    prepare: Callable[[FloatArray], Preprocessed],
    seed: int,
    split: str,
    n: int,
    *,
    present: tuple[str, ...] = ALL,
    loudness: float = 1.0,
) -> Judged:
    """Score ``n`` segments of a split, rounded up to whole blocks of 250.

    Parameters
    ----------
    prepare
        The preprocessing of the network.
    present
        The detectors to use; the strain of the others is set to zero.
    loudness
        What the SNR is multiplied by.
    """
    there = np.isin(DETECTORS, present)
    parts = []
    for segments in _segments(seed, split, n, loudness):
        strain = segments.samples * there[:, None].astype(np.float32)
        parts.append(_with_truth(segments, predict(prepare(strain).inputs), there))
    return _joined(parts)


def truths(score: Float32[ndarray, " n"], seed: int, split: str) -> Judged:
    """Put scores of the first segments of a split together with the truth about them."""
    everyone = np.ones(len(DETECTORS), bool)
    parts = [
        _with_truth(segments, score[_BLOCK * i : _BLOCK * (i + 1)], everyone)
        for i, segments in enumerate(_segments(seed, split, len(score)))
    ]
    return _joined(parts)


def predict_with(model: "keras.Model") -> Predict:
    """Make the function that scores with layers of Keras."""
    return lambda inputs: np.asarray(model.predict_on_batch(inputs))[:, 1]


def _segments(seed: int, split: str, n: int, loudness: float = 1.0) -> Iterator[Segments]:
    return islice(blocks(seed, split, _BLOCK, loudness=loudness), -(-n // _BLOCK))


def _with_truth(segments: Segments, score: ndarray, there: Bool[ndarray, " 3"]) -> Judged:
    heard = np.sqrt(((segments.snr * there) ** 2).sum(axis=1))
    return Judged(
        score=np.asarray(score, np.float32),
        truth=segments.labels == 1,
        snr=heard.astype(np.float32),
        masses_msun=np.stack([segments.mass_1_msun, segments.mass_2_msun], axis=1),
    )


def _joined(parts: list[Judged]) -> Judged:
    return Judged(
        **{
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(Judged)
        }
    )
