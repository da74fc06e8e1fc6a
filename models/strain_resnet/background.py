"""How often noise alone makes an event as loud: the false-alarm rate of running strain.

A background is counted, not modelled: `measure` judges noise whose detectors were shifted against
each other in time, and what is found there is found by chance. It holds for one network, one stride
and one combination of detectors, so it is bound to all three, and read with nothing else. No rate is
below one event in the time that was listened to.

``background.json`` lies beside the weights, and says whose noise it is (`Background.data`). That of the
shipped weights is simulated, Gaussian and stationary; that of a detector is neither, and its own
background is higher. ``measure_background --files`` measures it on recorded strain; a detector that
was not recorded is then not listened to.

References
----------
Was et al. 2010, Class. Quantum Grav. 27, 015005: background by time slides, and its limits.
"""

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.strain_resnet.noise_curves import DETECTORS

__all__ = ["FILE", "Background", "BackgroundError", "Combination", "combination", "load", "save"]

FILE = "background.json"


class BackgroundError(ValueError):
    """The file is not there, or belongs to something else; the message says what does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """What noise did in one combination of detectors."""

    live_time_s: float
    """How much of it was listened to, all slides together [s]."""

    events: tuple[float, ...]
    """Log-odds of the loudest window of each of the loudest events, ascending."""

    windows: int
    """How many windows were judged."""

    loud_windows: tuple[float, ...]
    """Log-odds of the loudest windows, ascending."""

    def far_hz(self, log_odds: float) -> float:
        """Return how many events a second are at least as loud; never below one in `live_time_s` [Hz].

        Below the quietest event that was kept, nothing is known but that they are more: it is the
        rate of that one.
        """
        louder = len(self.events) - bisect_left(self.events, log_odds)
        return max(1, louder) / self.live_time_s

    def threshold(self, far_hz: float) -> float:
        """Return the log-odds at and above which noise makes at most so many events a second.

        Raises
        ------
        BackgroundError
            If the background is too short, or too few events of it were kept, to tell.
        """
        allowed = int(far_hz * self.live_time_s)
        if not 1 <= allowed <= len(self.events):
            raise BackgroundError(
                f"a false-alarm rate of {far_hz:g} Hz cannot be told from {len(self.events)} events"
                f" in {self.live_time_s:g} s"
            )
        return self.events[-allowed]

    def false_positive_rate(self, log_odds: float) -> float:
        """Return the share of the windows that are at least as loud, as far as they were kept."""
        return (len(self.loud_windows) - bisect_left(self.loud_windows, log_odds)) / self.windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The combinations that were measured, and what they belong to."""

    weights_sha256: str

    stride_s: float

    data: str
    """Whose noise it is."""

    combinations: Mapping[str, Combination]
    """By `combination`."""

    @property
    def detectors(self) -> tuple[str, ...]:
        """Those that were measured."""
        return tuple(name for name in DETECTORS if any(name in one for one in self.combinations))

    def of(self, detectors: Sequence[str]) -> Combination:
        """Return what was measured of these detectors.

        Raises
        ------
        BackgroundError
            If nothing was.
        """
        name = combination(detectors)
        if name not in self.combinations:
            raise BackgroundError(
                f"no background of {name}; there are {', '.join(self.combinations)}"
            )
        return self.combinations[name]


def combination(detectors: Sequence[str]) -> str:
    """Return the name of a combination.

    Examples
    --------
    >>> combination(["V1", "H1"])
    'H1V1'
    """
    return "".join(sorted(detectors))


def save(background: Background, folder: Path) -> Path:
    """Write a background beside the weights it belongs to, in one step."""
    table = {
        "weightsSha256": background.weights_sha256,
        "strideS": background.stride_s,
        "data": background.data,
        "combinations": {
            name: {
                "listenedS": one.live_time_s,
                "events": [round(value, 4) for value in one.events],
                "windows": one.windows,
                "loudWindows": [round(value, 4) for value in one.loud_windows],
            }
            for name, one in background.combinations.items()
        },
    }
    path = folder / FILE
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(table, allow_nan=False) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def load(folder: Path, *, weights_sha256: str, stride_s: float) -> Background:
    """Read the background of a network, and refuse another's.

    Raises
    ------
    BackgroundError
        If there is none, it is damaged, or it was measured with other weights or another stride.
    """
    path = folder / FILE
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found = Background(
            weights_sha256=table["weightsSha256"],
            stride_s=table["strideS"],
            data=table["data"],
            combinations={name: _combination(one) for name, one in table["combinations"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackgroundError(f"{path} is no background: {error!r}") from error
    if found.weights_sha256 != weights_sha256:
        raise BackgroundError(
            f"{path} belongs to weights {found.weights_sha256[:12]}…, not to {weights_sha256[:12]}…"
        )
    if found.stride_s != stride_s:
        raise BackgroundError(
            f"{path} was measured every {found.stride_s} s, not every {stride_s} s"
        )
    return found


def _combination(table: Mapping[str, Any]) -> Combination:
    return Combination(
        live_time_s=float(table["listenedS"]),
        events=tuple(sorted(map(float, table["events"]))),
        windows=int(table["windows"]),
        loud_windows=tuple(sorted(map(float, table["loudWindows"]))),
    )
