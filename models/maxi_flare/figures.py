"""The figures of the network on *simulated* images, and beside them those of a score of ring counts.

All rest on the flux law of `models.maxi_flare.simulate`, but for the efficiency against flux: that
is what a source of so many mCrab has of being found, at the threshold of the alerts.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from models.evaluation.plots import plot_all, plot_efficiency, plot_scores
from models.evaluation.rates import auc, rate
from models.evaluation.table import figures
from models.maxi_flare.blocks import draw_sample
from models.maxi_flare.likelihood import log_odds
from models.maxi_flare.scoring import Predict
from models.maxi_flare.simulate import VERSION, Law

__all__ = ["FLUXES_MCRAB", "draw_plots", "flux_curve", "table"]

FLUXES_MCRAB = (10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 85, 100, 150, 200, 350, 700, 1500, 8000)
"""Bounds of the bins of flux in 2-20 keV [mCrab]; 8 Crab is the peak of Swift J1727.8-1613."""

_EFFICIENCY = Law(flares=1.0, flux_mcrab=(10.0, 8000.0))


def table(predict: Predict, seed: int, n: int, threshold: float) -> dict[str, Any]:
    """Judge a network on ``n`` images of the test split, and on as many flares of any flux.

    Returns
    -------
    :
        What the manifest keeps: each rate with its count and its 95 % interval. ``ideal`` is
        `models.maxi_flare.likelihood.log_odds`, which knows the simulation but counts events in
        rings only, on the undisturbed images.
    """
    test = draw_sample(seed, "test", n)
    score, truth = predict(test.inputs), test.labels == 1
    plain = test.kinds == "plain"
    odds = log_odds(test.rings[plain])
    right = (score >= 1 / 2) == truth
    flares = draw_sample(seed, "efficiency", n, _EFFICIENCY)
    return {
        "data": "simulated",
        "simulator": f"models.maxi_flare.simulate {VERSION}",
        **figures(score, truth, threshold=threshold, kinds=test.kinds),
        "undisturbed": rate(right[plain]),
        "ideal": {
            "undisturbed": rate((odds > 0) == truth[plain]),
            "auc": auc(odds[truth[plain]], odds[~truth[plain]]),
        },
        "efficiencyByFluxMcrab": flux_curve(flares.flux_mcrab, predict(flares.inputs) >= threshold),
    }


def flux_curve(
    flux_mcrab: Float[ndarray, " n"], found: Bool[ndarray, " n"]
) -> dict[str, dict[str, Any]]:
    """Return the share of the flares found in each bin of flux.

    Examples
    --------
    >>> curve = flux_curve(np.array([12.0, 12.0, 90.0]), np.array([False, True, True]))
    >>> [curve[name]["value"] for name in ("10 to 15", "85 to 100")]
    [0.5, 1.0]
    """
    return {
        f"{low} to {high}": rate(found[(flux_mcrab >= low) & (flux_mcrab < high)])
        for low, high in pairwise(FLUXES_MCRAB)
    }


def draw_plots(
    predict: Predict, seed: int, n: int, folder: Path, history: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Draw everything of the test split, and its empties beside flares of any flux."""
    test = draw_sample(seed, "test", n)
    score, truth = predict(test.inputs), test.labels == 1
    plot_all(folder, score, truth, classes=("background", "flare"), history=history)
    flares = draw_sample(seed, "efficiency", n, _EFFICIENCY)
    by_flux = (
        np.concatenate([score[~truth], predict(flares.inputs)]),
        np.repeat([False, True], [(~truth).sum(), len(flares.labels)]),
        np.concatenate([test.flux_mcrab[~truth], flares.flux_mcrab]),
    )
    for name, plot in {"scores": plot_scores, "efficiency": plot_efficiency}.items():
        plot(folder / f"{name}.png", *by_flux, label="flux [mCrab, 2-20 keV]")
