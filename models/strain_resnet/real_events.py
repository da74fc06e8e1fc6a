"""What a network says of the real strain around two mergers of the first observing run.

GW150914 and LVT151012 (now GW151012), 32 s each of H1 and L1; Virgo was not running. A demonstration
on two events that everybody knows, no measurement: 32 s hold no more than nine windows that do not
overlap.

References
----------
Abbott et al. 2016, Phys. Rev. X 6, 041015. Data: GWOSC, doi 10.7935/K5MW2F23.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from models.evaluation.calibration import log_odds
from models.strain_resnet.buffer_whitening import (
    WINDOW_S,
    join_detectors,
    sliding_windows,
    whiten_buffer,
)
from models.strain_resnet.gwosc import read_gwosc
from models.strain_resnet.scoring import Predict

__all__ = ["EVENTS", "RealEvent", "real_figures", "scan"]

_FAR_S = 1.0
"""A window that is further than this from the merger must not be an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealEvent:
    """A merger, and the start of the files around it."""

    name: str

    merger_gps_s: float

    file_gps_s: int

    detectors: tuple[str, ...] = ("H1", "L1")

    def files(self, folder: Path) -> dict[str, Path]:
        """Return where the strain of each detector is."""
        return {
            name: folder / f"{name[0]}-{name}_LOSC_4_V2-{self.file_gps_s}-32.hdf5"
            for name in self.detectors
        }


EVENTS = (
    RealEvent(name="GW150914", merger_gps_s=1126259462.42, file_gps_s=1126259446),
    RealEvent(name="LVT151012", merger_gps_s=1128678900.44, file_gps_s=1128678884),
)


def scan(
    predict: Predict, event: RealEvent, folder: Path
) -> tuple[Float[ndarray, " n"], Float64[ndarray, " n"]]:
    """Slide a window over the strain around an event.

    Returns
    -------
    :
        The score of each window, and the GPS time of its start [s].
    """
    read = {name: read_gwosc(path) for name, path in event.files(folder).items()}
    white = {name: whiten_buffer(one.strain, one.sample_rate_hz) for name, one in read.items()}
    inputs, starts_s = sliding_windows(join_detectors(white))
    start_s = next(iter(read.values())).gps_start_s
    return predict(inputs), start_s + starts_s


def real_figures(
    predict: Predict, folder: Path, thresholds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Return, for each event whose files are in the folder, what its windows say.

    Parameters
    ----------
    thresholds
        By false-alarm probability, of simulated segments without V1.
    """
    found = {}
    for event in EVENTS:
        if all(path.is_file() for path in event.files(folder).values()):
            score, starts_s = scan(predict, event, folder)
            found[event.name] = _figures(score, event.merger_gps_s - starts_s, thresholds)
    return found


def _figures(
    score: Float[ndarray, " n"],
    merger_s: Float64[ndarray, " n"],
    thresholds: Mapping[str, float],
) -> dict[str, Any]:
    """Compare the windows that hold the merger with those further than a second from it."""
    odds = log_odds(score)[:, 1]
    holds = (merger_s >= 0) & (merger_s <= WINDOW_S)
    far = (merger_s < -_FAR_S) | (merger_s > WINDOW_S + _FAR_S)
    best = int(np.argmax(np.where(holds, odds, -np.inf)))
    return {
        "data": "real",
        "windows": int(score.size),
        "windowsFarOff": int(far.sum()),
        "largestLogOdds": float(odds[best]),
        "mergerInThatWindowS": float(merger_s[best]),
        "largestLogOddsFarOff": float(odds[far].max()),
        "medianLogOddsFarOff": float(np.median(odds[far])),
        "windowsAbove": {
            rate: {
                "holding": int((score[holds] >= threshold).sum()),
                "farOff": int((score[far] >= threshold).sum()),
            }
            for rate, threshold in thresholds.items()
        },
    }
