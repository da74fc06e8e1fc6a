"""The figures of a strain network in the form of the manifest, all of *simulated* segments."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy import ndarray

from models.evaluation.rates import auc, rate, threshold_at
from models.evaluation.table import figures
from models.strain_resnet.scoring import Judged

__all__ = ["FALSE_ALARMS", "SNR_BINS", "by_mass", "by_snr", "ranking", "table", "thresholds_of"]

FALSE_ALARMS = (1e-2, 1e-3)
"""False-alarm probabilities of a segment at which efficiencies are given."""

SNR_BINS = (0.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, np.inf)
"""Bounds of the network's SNR."""

MASS_BINS_MSUN = (5.0, 10.0, 20.0, 40.0, 60.0, 80.0)
"""Bounds of either mass."""

_QUIET_SNR, _LOUD_SNR = 6.0, 8.0
"""Between these the efficiency over the masses is given: where masses decide."""


def thresholds_of(quiet: ndarray) -> dict[str, float]:
    """Return, by false-alarm probability, the score that so much of this noise reaches."""
    return {f"{allowed:g}": threshold_at(quiet, allowed) for allowed in FALSE_ALARMS}


def table(judged: Judged, thresholds: Mapping[str, float]) -> dict[str, Any]:
    """Return every figure of a test set.

    Parameters
    ----------
    thresholds
        By false-alarm probability as a string; those of the validation split.
    """
    first = f"{FALSE_ALARMS[0]:g}"
    found = figures(judged.score, judged.truth, threshold=thresholds[first], snr=None)
    return {
        "data": "simulated",
        **found,
        "thresholds": dict(thresholds),
        "aucBySnr": _auc_by_snr(judged),
        "aucByLighterMass": _auc_by_lighter_mass(judged),
        "efficiency": {
            key: {
                "falseAlarms": rate(judged.score[~judged.truth] >= threshold),
                "all": rate(judged.score[judged.truth] >= threshold),
                "bySnr": by_snr(judged, threshold),
                "byMass": by_mass(judged, threshold),
            }
            for key, threshold in thresholds.items()
        },
    }


def ranking(judged: Judged) -> dict[str, Any]:
    """Return the figures of a statistic that is no probability, at thresholds of its own noise."""
    quiet = judged.score[~judged.truth]
    return {
        "auc": auc(judged.score[judged.truth], quiet),
        "aucBySnr": _auc_by_snr(judged),
        "aucByLighterMass": _auc_by_lighter_mass(judged),
        "efficiency": {
            f"{allowed:g}": {
                "all": rate(judged.score[judged.truth] >= threshold_at(quiet, allowed)),
                "bySnr": by_snr(judged, threshold_at(quiet, allowed)),
            }
            for allowed in FALSE_ALARMS
        },
    }


def by_snr(judged: Judged, threshold: float) -> dict[str, Any]:
    """Return the share of the signals found, by bin of the SNR."""
    rows = _snr_rows(judged)
    return {name: rate(judged.score[those] >= threshold) for name, those in rows.items()}


def by_mass(judged: Judged, threshold: float) -> dict[str, Any]:
    """Return the share of the signals of SNR 6 to 8 found, by bins of both masses [solar masses]."""
    middle = judged.truth & (judged.snr >= _QUIET_SNR) & (judged.snr < _LOUD_SNR)
    heavy, light = judged.masses_msun.T
    found = {}
    for low_1, high_1 in pairwise(MASS_BINS_MSUN):
        for low_2, high_2 in pairwise(MASS_BINS_MSUN):
            there = middle & (heavy >= low_1) & (heavy < high_1)
            there &= (light >= low_2) & (light < high_2)
            if there.any():
                name = f"{low_1:g} to {high_1:g} + {low_2:g} to {high_2:g}"
                found[name] = rate(judged.score[there] >= threshold)
    return found


def _auc_by_snr(judged: Judged) -> dict[str, Any]:
    return _auc_of(judged, _snr_rows(judged))


def _auc_by_lighter_mass(judged: Judged) -> dict[str, Any]:
    """Return how well signals rank whose lighter mass is in a bin [solar masses]."""
    light = judged.masses_msun[:, 1]
    rows = {
        f"{low:g} to {high:g}": judged.truth & (light >= low) & (light < high)
        for low, high in pairwise(MASS_BINS_MSUN)
    }
    return _auc_of(judged, rows)


def _auc_of(judged: Judged, rows: Mapping[str, ndarray]) -> dict[str, Any]:
    quiet = judged.score[~judged.truth]
    return {name: auc(judged.score[those], quiet) for name, those in rows.items() if those.any()}


def _snr_rows(judged: Judged) -> dict[str, ndarray]:
    return {
        f"{low:g} to {high:g}": judged.truth & (judged.snr >= low) & (judged.snr < high)
        for low, high in pairwise(SNR_BINS)
    }
