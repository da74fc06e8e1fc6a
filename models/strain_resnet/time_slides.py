"""Listen to what detectors hear together by chance: the measurement of a background.

Detectors are shifted against each other by whole seconds of GPS time, a different shift for each slide,
and judged as if nothing had happened: every second serves several times. What leaves the common time
of a combination at one end comes in at the other. A second is judged, and counted, if every detector
has a piece for it in that slide. A detector alone cannot be shifted against anything; it is judged
once.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import numpy as np
from jaxtyping import Float32, Int64
from numpy import ndarray

from models.evaluation.calibration import log_odds
from models.strain_resnet.background import BackgroundError, Combination, combination
from models.strain_resnet.buffer_whitening import WHITE_RATE_HZ
from models.strain_resnet.clustering import loudest
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.pieces import Pieces
from models.strain_resnet.preprocess import LIMIT
from models.strain_resnet.running import STRIDE_S, WINDOW_SAMPLES
from models.strain_resnet.whitening import taper

__all__ = ["BATCH", "SHIFT_S", "Predict", "measure"]

SHIFT_S = 7
"""Shift of the second detector in the first slide; longer than a window and its buffer's edges."""

KEPT = 1_000
"""Of the loudest events and windows each: what is quieter is no alert at any rate."""

BATCH = 256
"""Most windows that are judged together."""

Predict = Callable[[Float32[ndarray, "n 2048 3"]], Float32[ndarray, " n"]]
"""Windows to the probability of a signal."""


def measure(
    predict: Predict,
    pieces: Mapping[str, Pieces],
    *,
    stride_s: float = STRIDE_S,
    slides: int = 10,
) -> dict[str, Combination]:
    """Judge every combination of the detectors that are there, in every slide.

    Parameters
    ----------
    pieces
        By detector.
    stride_s
        From window to window; what the pieces were made for.
    slides
        For combinations of several detectors.

    Raises
    ------
    BackgroundError
        If a combination has no common time, or too little for so many slides; before anything is
        judged.
    """
    heard = {
        detectors: _common(pieces, detectors, slides)
        for size in range(1, len(DETECTORS) + 1)
        for detectors in combinations(sorted(pieces), size)
    }
    return {
        combination(detectors): _listen(predict, pieces, detectors, rows, stride_s)
        for detectors, rows in heard.items()
    }


def _common(
    pieces: Mapping[str, Pieces], detectors: tuple[str, ...], slides: int
) -> Int64[ndarray, "slides detectors seconds"]:
    """Return which of its pieces each detector has in every second of the common time; -1 is none.

    Raises
    ------
    BackgroundError
        If shifts would come so near to the whole time that the detectors were in step again, or if
        the detectors are never there together.
    """
    begin_s = max(int(pieces[detector].ends_s[0]) for detector in detectors)
    seconds = min(int(pieces[detector].ends_s[-1]) for detector in detectors) + 1 - begin_s
    slides = slides if len(detectors) > 1 else 1
    farthest_s = (len(detectors) - 1) * slides * SHIFT_S
    needed_s = farthest_s + SHIFT_S if farthest_s else 1
    if seconds < needed_s:
        raise BackgroundError(
            f"{_spans(pieces, detectors)}: {max(0, seconds)} s in common, and {slides} slides of"
            f" {len(detectors)} detectors need {needed_s} s"
        )
    own = np.full((len(detectors), seconds), -1, np.int64)
    for row, detector in zip(own, detectors, strict=True):
        at = pieces[detector].ends_s - begin_s
        inside = np.flatnonzero((at >= 0) & (at < seconds))
        row[at[inside]] = inside
    rows = np.stack(
        [
            [np.roll(row, place * SHIFT_S * (slide + 1)) for place, row in enumerate(own)]
            for slide in range(slides)
        ]
    )
    if not (rows >= 0).all(axis=1).any():
        raise BackgroundError(
            f"{_spans(pieces, detectors)}: in none of {slides} slides a second that all of them have"
        )
    return rows


def _spans(pieces: Mapping[str, Pieces], detectors: tuple[str, ...]) -> str:
    spans = ((name, pieces[name].ends_s) for name in detectors)
    return ", ".join(f"{name} judged from GPS {ends[0]} to {ends[-1]}" for name, ends in spans)


def _listen(
    predict: Predict,
    pieces: Mapping[str, Pieces],
    detectors: tuple[str, ...],
    slides: Int64[ndarray, "slides detectors seconds"],
    stride_s: float,
) -> Combination:
    events: list[float] = []
    windows: list[float] = []
    judged = listened_s = 0
    samples = pieces[detectors[0]].white.shape[1]
    begins = np.arange(0, samples - WINDOW_SAMPLES + 1, round(stride_s * WHITE_RATE_HZ))
    begins_ns = begins * 1_000_000_000 // WHITE_RATE_HZ
    for rows in slides:
        seconds = np.flatnonzero((rows >= 0).all(axis=0))
        if not seconds.size:
            continue
        cut = _windows(pieces, dict(zip(detectors, rows[:, seconds], strict=True)), begins)
        odds = np.concatenate([log_odds(predict(batch))[:, 1] for batch in cut]).astype(np.float64)
        starts_ns = (seconds[:, None] * 1_000_000_000 + begins_ns).ravel()
        listened_s += len(seconds)
        judged += len(odds)
        quietest = np.sort(odds)[-min(len(odds), 4 * KEPT)]
        events += loudest(starts_ns, odds, float(quietest))
        windows += odds[odds >= quietest].tolist()
    return Combination(
        live_time_s=float(listened_s),
        events=tuple(sorted(events)[-KEPT:]),
        windows=judged,
        loud_windows=tuple(sorted(windows)[-KEPT:]),
    )


def _windows(
    pieces: Mapping[str, Pieces],
    rows: Mapping[str, Int64[ndarray, " seconds"]],
    begins: Int64[ndarray, " windows"],
) -> Iterator[Float32[ndarray, "n 2048 3"]]:
    """Yield the windows of all seconds in batches."""
    (seconds,) = {len(one) for one in rows.values()}
    window = taper(WINDOW_SAMPLES)[:, None]
    most = max(1, BATCH // len(begins))
    for first in range(0, seconds, most):
        count = min(most, seconds - first)
        inputs = np.zeros((count * len(begins), WINDOW_SAMPLES, len(DETECTORS)), np.float32)
        for detector, at in rows.items():
            white = pieces[detector].white[at[first : first + most]]
            cut = white[:, begins[:, None] + np.arange(WINDOW_SAMPLES)]
            inputs[:, :, DETECTORS.index(detector)] = cut.reshape(-1, WINDOW_SAMPLES)
        yield np.clip(inputs * window, -LIMIT, LIMIT)
