"""All figures of a binary classifier at once, in the form of the manifest.

The threshold belongs to the *validation* split: it is passed in, and what it lets through on the
test split is measured like everything else.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from models.evaluation.calibration import calibration_error
from models.evaluation.rates import auc, equal_error_rate, missed, rate, threshold_at

__all__ = ["DET_RATES", "FALSE_POSITIVE_RATE", "by_bin", "figures"]

FALSE_POSITIVE_RATE = 0.01
"""Share of negatives at which thresholds are set, and Deep-HiTS quotes its missed transients."""

DET_RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
"""False-positive rates at which the share of missed positives is tabled."""

_EVEN = 0.5
"""Score from which an event counts as positive in an accuracy."""


def figures(
    score: Float[ndarray, " n"],
    truth: Bool[ndarray, " n"],
    *,
    threshold: float | None = None,
    snr: Float[ndarray, " n"] | None = None,
    snr_bins: tuple[float, ...] = (7.0, 15.0),
    kinds: ndarray | None = None,
) -> dict[str, Any]:
    """Return every figure of a test set; each rate with its count and 95 % interval.

    Parameters
    ----------
    score
        Probability of the positive class.
    threshold
        From which an event is an alert; the one of these negatives if left out.
    snr
        Signal-to-noise ratios, of either sign, for the accuracy by bin of their size.
    kinds
        What each event is, for the accuracy by kind.
    """
    positive, negative = score[truth], score[~truth]
    right = (score >= _EVEN) == truth
    if threshold is None:
        threshold = threshold_at(negative, FALSE_POSITIVE_RATE)
    found = {
        "candidates": int(truth.size),
        "real": int(truth.sum()),
        "accuracy": rate(right),
        "auc": auc(positive, negative),
        "equalErrorRate": equal_error_rate(positive, negative),
        **_at_even_odds(score, truth),
        "threshold": threshold,
        "falsePositiveRate": rate(negative >= threshold),
        "missed": rate(positive < threshold),
        "missedAtFalsePositiveRate": {f"{r:g}": missed(positive, negative, r) for r in DET_RATES},
        "calibrationError": calibration_error(score, truth),
        "logLoss": _log_loss(score, truth),
    }
    if kinds is not None:
        found["accuracyByKind"] = {str(k): rate(right[kinds == k]) for k in np.unique(kinds)}
    if snr is not None:
        rows = by_bin(np.abs(snr), snr_bins)
        found["accuracyBySnr"] = {name: rate(right[those]) for name, those in rows.items()}
    return found


def by_bin(values: Float[ndarray, " n"], bounds: tuple[float, ...]) -> Mapping[str, ndarray]:
    """Return which values lie between the bounds, below the first and from the last on.

    Examples
    --------
    >>> {name: rows.tolist() for name, rows in by_bin(np.array([1.0, 7.0]), (7.0,)).items()}
    {'below 7': [True, False], 'from 7': [False, True]}
    """
    bins = {f"below {bounds[0]:g}": values < bounds[0]}
    for low, high in pairwise(bounds):
        bins[f"{low:g} to {high:g}"] = (values >= low) & (values < high)
    bins[f"from {bounds[-1]:g}"] = values >= bounds[-1]
    return bins


def _at_even_odds(score: ndarray, truth: ndarray) -> dict[str, Any]:
    """Return precision, F1, and both errors where the two classes are held equally likely."""
    called = score >= _EVEN
    hits, calls, real = int((called & truth).sum()), int(called.sum()), int(truth.sum())
    return {
        "precision": rate(truth[called]),
        "f1": 2 * hits / max(1, calls + real),
        "evenFalsePositiveRate": rate(called[~truth]),
        "evenFalseNegativeRate": rate(~called[truth]),
    }


def _log_loss(score: ndarray, truth: ndarray) -> float:
    clipped = np.clip(score.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.log(np.where(truth, clipped, 1 - clipped)).mean())
