"""Rates with their intervals, and the trade between what is missed and what gets through."""

from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

__all__ = [
    "auc",
    "auc_lead",
    "efficiency",
    "equal_error_rate",
    "interval",
    "missed",
    "rate",
    "roc_auc",
    "threshold_at",
]


def interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a binomial rate, 95 % by default.

    References
    ----------
    Wilson 1927, J. Am. Stat. Assoc. 22, 209.

    Examples
    --------
    >>> low, high = interval(5, 10)
    >>> round(low, 3), round(high, 3)
    (0.237, 0.763)
    """
    share = successes / trials
    centre = share + z**2 / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z**2 / trials
    # rounding puts a bound that is 0, 1 or the rate itself a hair beyond it
    low, high = max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
    return float(min(low, share)), float(max(high, share))


def rate(hits: Bool[ndarray, " n"]) -> dict[str, Any]:
    """Return the share of the true ones with its count and its 95 % interval, for a manifest."""
    if not hits.size:
        return {"value": None, "n": 0, "low95": 0.0, "high95": 1.0}
    low, high = interval(int(hits.sum()), hits.size)
    return {"value": float(hits.mean()), "n": int(hits.size), "low95": low, "high95": high}


def roc_auc(positive: Float[ndarray, " p"], negative: Float[ndarray, " n"]) -> float:
    """Probability that a positive scores above a negative; a tie counts one half.

    Examples
    --------
    >>> roc_auc(np.array([0.9, 0.5]), np.array([0.5, 0.1]))
    0.875
    """
    return float(_places(positive, negative).mean())


def auc(positive: Float[ndarray, " p"], negative: Float[ndarray, " n"]) -> dict[str, Any]:
    """Return the area under the ROC curve with its 95 % interval, for a manifest.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837: the variance.
    """
    above, below = _places(positive, negative), _places(negative, positive)
    value, half = _mean_and_half(above, below)
    low, high = max(0.0, value - half), min(1.0, value + half)
    return {"value": value, "n": int(above.size + below.size), "low95": low, "high95": high}


def auc_lead(
    scores: Float[ndarray, " n"], others: Float[ndarray, " n"], truth: Bool[ndarray, " n"]
) -> dict[str, Any]:
    """Return how much larger the area is under the curve of one score than of another.

    Of the same events, so what is hard in them is hard for both and leaves the interval narrow.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44, 837: the covariance.

    Examples
    --------
    >>> scores, others = np.array([0.9, 0.5, 0.1]), np.array([0.9, 0.1, 0.5])
    >>> auc_lead(scores, others, np.array([True, True, False]))["value"]
    0.5
    """
    one, other = (
        (_places(each[truth], each[~truth]), _places(each[~truth], each[truth]))
        for each in (scores, others)
    )
    value, half = _mean_and_half(one[0] - other[0], one[1] - other[1])
    return {"value": value, "n": int(truth.size), "low95": value - half, "high95": value + half}


def threshold_at(negative: Float[ndarray, " n"], false_positive_rate: float) -> float:
    """Return the lowest threshold at or above which at most such a share of the negatives lies.

    It is just above the highest negative that may not pass, in the precision of the scores.

    Examples
    --------
    >>> round(threshold_at(np.array([0.1, 0.2, 0.3, 0.4]), 0.25), 6)
    0.3
    """
    ordered = np.sort(negative)[::-1]
    allowed = int(np.floor(false_positive_rate * ordered.size + 1e-9))
    if allowed >= ordered.size:
        return float(ordered[-1])
    return float(np.nextafter(ordered[allowed], np.inf, dtype=ordered.dtype))


def efficiency(
    positive: Float[ndarray, " p"], negative: Float[ndarray, " n"], false_positive_rate: float
) -> dict[str, Any]:
    """Return the share of the positives that pass where such a share of the negatives does."""
    return rate(positive >= threshold_at(negative, false_positive_rate))


def missed(
    positive: Float[ndarray, " p"], negative: Float[ndarray, " n"], false_positive_rate: float
) -> dict[str, Any]:
    """Return the share of the positives below that threshold: a point of the DET curve."""
    return rate(positive < threshold_at(negative, false_positive_rate))


def equal_error_rate(positive: Float[ndarray, " p"], negative: Float[ndarray, " n"]) -> float:
    """Return the rate at which as many positives are missed as negatives get through.

    Examples
    --------
    >>> round(equal_error_rate(np.array([0.9, 0.8, 0.4]), np.array([0.6, 0.2, 0.1])), 3)
    0.333
    """
    thresholds = np.unique(np.concatenate([positive, negative]))
    lost = np.searchsorted(np.sort(positive), thresholds) / positive.size
    through = 1 - np.searchsorted(np.sort(negative), thresholds) / negative.size
    nearest = int(np.argmin(np.abs(lost - through)))
    return float((lost[nearest] + through[nearest]) / 2)


def _mean_and_half(above: ndarray, below: ndarray) -> tuple[float, float]:
    """Return the mean place of the positives and half of its 95 % interval."""
    variance = above.var() / above.size + below.var() / below.size
    return float(above.mean()), 1.96 * float(np.sqrt(variance))


def _places(scores: ndarray, others: ndarray) -> ndarray:
    """Return for each score the share of the others below it; a tie counts one half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, scores, side="left")
    ties = np.searchsorted(ordered, scores, side="right") - below
    places: ndarray = (below + ties / 2) / ordered.size
    return places
