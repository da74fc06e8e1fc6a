"""One function a plot: each draws into a file whose name says PNG or SVG, and shows nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from models.evaluation.rates import rate, roc_auc, threshold_at

__all__ = [
    "plot_all",
    "plot_calibration",
    "plot_confusion",
    "plot_det",
    "plot_efficiency",
    "plot_learning_curve",
    "plot_roc",
    "plot_scores",
]

_LEAST = 1e-4
"""Where the logarithmic axes of rates begin."""


@contextmanager
def _axes(path: Path, title: str, x: str, y: str) -> Iterator[Any]:
    """Give axes to draw on, and write them when they are done."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    yield axes
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def plot_roc(path: Path, score: Float[ndarray, " n"], truth: Bool[ndarray, " n"]) -> None:
    """Draw the share of positives found over the share of negatives let through."""
    through, lost = _trade(score, truth)
    area = roc_auc(score[truth], score[~truth])
    with _axes(path, f"ROC, area {area:.4f}", "false-positive rate", "true-positive rate") as axes:
        axes.plot(np.maximum(through, _LEAST), 1 - lost)
        axes.set(xscale="log", xlim=(_LEAST, 1))


def plot_det(path: Path, score: Float[ndarray, " n"], truth: Bool[ndarray, " n"]) -> None:
    """Draw the share of positives missed over the share of negatives let through."""
    through, lost = _trade(score, truth)
    with _axes(path, "DET", "false-positive rate", "missed") as axes:
        axes.plot(np.maximum(through, _LEAST), np.maximum(lost, _LEAST))
        axes.set(xscale="log", yscale="log", xlim=(_LEAST, 1), ylim=(_LEAST, 1))


def plot_confusion(
    path: Path,
    called: Int[ndarray, " n"],
    truth: Int[ndarray, " n"],
    classes: Sequence[str],
) -> None:
    """Draw how often each class was taken for each other one."""
    n = len(classes)
    counts = np.bincount(truth * n + called, minlength=n * n).reshape(n, n)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    with _axes(path, "confusion", "called", "truth") as axes:
        axes.grid(visible=False)
        axes.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        axes.set(xticks=range(n), xticklabels=classes, yticks=range(n), yticklabels=classes)
        for row, column in np.ndindex(n, n):
            share = shares[row, column]
            text, colour = f"{counts[row, column]}\n{share:.2%}", "white" if share > 1 / 2 else "k"
            axes.text(column, row, text, ha="center", va="center", color=colour)


def plot_calibration(
    path: Path, score: Float[ndarray, " n"], truth: Bool[ndarray, " n"], bins: int = 15
) -> None:
    """Draw how often events of a score are positive, with 95 % intervals."""
    which = np.minimum((score * bins).astype(int), bins - 1)
    with _axes(path, "calibration", "score", "share of positives") as axes:
        axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
        for number in np.unique(which):
            here = which == number
            _point(axes, float(score[here].mean()), rate(truth[here]))


def plot_efficiency(
    path: Path,
    score: Float[ndarray, " n"],
    truth: Bool[ndarray, " n"],
    against: Float[ndarray, " n"],
    *,
    label: str = "SNR",
    false_positive_rates: Sequence[float] = (1e-2, 1e-3),
) -> None:
    """Draw the share of positives found over a quantity such as SNR or flux, in ten even bins."""
    values = against[truth]
    edges = np.quantile(values, np.linspace(0, 1, 11))
    which = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 9)
    with _axes(path, f"efficiency by {label}", label, "efficiency") as axes:
        for number, allowed in enumerate(false_positive_rates):
            found = score[truth] >= threshold_at(score[~truth], float(allowed))
            axes.plot([], [], f"C{number}o", label=f"at {allowed:g} false positives")
            for bin_number in np.unique(which):
                here = which == bin_number
                _point(axes, float(np.median(values[here])), rate(found[here]), f"C{number}")
        axes.set(xscale="log" if values.min() > 0 else "linear")
        axes.legend()


def plot_scores(
    path: Path,
    score: Float[ndarray, " n"],
    truth: Bool[ndarray, " n"],
    against: Float[ndarray, " n"],
    *,
    label: str = "|SNR|",
) -> None:
    """Draw the score of each event over the size of a quantity; those of 0 stand at the left."""
    size = np.abs(against)
    some = size[size > 0]
    x = np.maximum(size, some.min() / 2 if some.size else _LEAST)
    with _axes(path, f"score by {label}", label, "score") as axes:
        for kind, rows in {"negative": ~truth, "positive": truth}.items():
            axes.scatter(x[rows], score[rows], s=2, alpha=0.3, label=kind, rasterized=True)
        axes.set(xscale="log")
        axes.legend()


def plot_learning_curve(path: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Draw loss and validation figure over the steps of `models.training.fit.Fitted.history`."""
    with _axes(path, "learning curve", "step", "figure") as axes:
        for figure in ("loss", "validation"):
            points = [(row["step"], row[figure]) for row in history if figure in row]
            if points:
                axes.plot(*zip(*points, strict=True), label=figure)
        axes.set(yscale="log")
        axes.legend()


def plot_all(
    folder: Path,
    score: Float[ndarray, " n"],
    truth: Bool[ndarray, " n"],
    *,
    classes: Sequence[str],
    snr: Float[ndarray, " n"] | None = None,
    history: Sequence[Mapping[str, Any]] = (),
) -> list[Path]:
    """Draw everything that these data allow, as PNG; return the files."""
    called = (score >= 1 / 2).astype(np.int64)
    draw: dict[str, Callable[[Path], None]] = {
        "roc": lambda path: plot_roc(path, score, truth),
        "det": lambda path: plot_det(path, score, truth),
        "confusion": lambda path: plot_confusion(path, called, truth.astype(np.int64), classes),
        "calibration": lambda path: plot_calibration(path, score, truth),
    }
    if snr is not None:
        size = np.abs(snr)
        draw["scores"] = lambda path: plot_scores(path, score, truth, size)
        draw["efficiency"] = lambda path: plot_efficiency(path, score, truth, size)
    if history:
        draw["learning-curve"] = lambda path: plot_learning_curve(path, history)
    for name, function in draw.items():
        function(folder / f"{name}.png")
    return [folder / f"{name}.png" for name in draw]


def _trade(score: ndarray, truth: ndarray) -> tuple[ndarray, ndarray]:
    """Return the rates of false positives and of missed positives at every threshold."""
    positive, negative = np.sort(score[truth]), np.sort(score[~truth])
    thresholds = np.unique(np.quantile(score, np.linspace(0, 1, 2001)))
    thresholds = np.concatenate([thresholds, negative[-200:]])
    thresholds.sort()
    through = 1 - np.searchsorted(negative, thresholds) / negative.size
    return through, np.searchsorted(positive, thresholds) / positive.size


def _point(axes: Any, x: float, share: Mapping[str, Any], colour: str = "C0") -> None:
    """Draw a rate with its interval."""
    value = share["value"]
    below, above = max(0.0, value - share["low95"]), max(0.0, share["high95"] - value)
    axes.errorbar(x, value, yerr=[[below], [above]], fmt="o", color=colour, markersize=3)
