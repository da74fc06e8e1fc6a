"""The plain way: measure the rise time of each pulse and cut. What the networks must beat.

It also fixes the noise of the simulation. Nothing is published of the signal-to-noise ratio of the
thesis' pulses but that its networks are right for 86 to 87 of 100; a cut on the rise time should
then be right for 80 to 85. ``python -m models.xgamma_pulse.rise_time`` prints how good the cut is
at each noise of the published band, 20 to 100 electrons: fitted on 10,000 pulses of the training
split, judged on 20,000 of the test split, of a seed that no network sees.
`~models.xgamma_pulse.chain.Chain` has the value chosen, before any network was trained.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float32, Int8, Shaped
from numpy import ndarray

from models.evaluation.rates import rate
from models.xgamma_pulse.chain import Chain
from models.xgamma_pulse.simulate import block
from models.xgamma_pulse.waveforms import PERIOD_NS, TRIGGER

__all__ = ["RiseTimeCut", "fit", "rise_time_us"]

WIDTHS = (1, 5, 9, 15, 25, 35, 51)
"""Samples of the running mean that `fit` tries."""

_BASELINE = TRIGGER - 8
"""Samples before any pulse."""

_LOW, _HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseTimeCut:
    """A gamma ray is what rises more slowly than this."""

    width: int
    """Samples of the running mean that the waveform is smoothed with first."""

    cut_us: float
    """10-90 % rise from which a pulse counts as a gamma ray [us]."""

    def judge(self, waveforms: Shaped[ndarray, "n t"]) -> Bool[ndarray, " n"]:
        """Return whether each waveform is of a gamma ray."""
        judged: Bool[ndarray, " n"] = rise_time_us(waveforms, self.width) >= self.cut_us
        return judged


def rise_time_us(waveforms: Shaped[ndarray, "n t"], width: int) -> Float32[ndarray, " n"]:
    """Measure the 10-90 % rise time [us].

    The amplitude is the largest value of the smoothed waveform above its baseline. The rise ends
    where 90 % of it is first reached, and begins where the waveform was last below 10 % before.
    """
    pulses = waveforms.astype(np.float32)
    pulses -= pulses[:, :_BASELINE].mean(axis=1, keepdims=True)
    smooth = _running_mean(pulses, width)
    heights = smooth / smooth.max(axis=1, keepdims=True)
    end = (heights >= _HIGH).argmax(axis=1)
    before = np.arange(heights.shape[1]) < end[:, None]
    low = (heights < _LOW) & before
    begin = heights.shape[1] - 1 - low[:, ::-1].argmax(axis=1)
    begin[~low.any(axis=1)] = 0
    rise: ndarray = _crossing(heights, end, _HIGH) - _crossing(heights, begin + 1, _LOW)
    return (rise * (PERIOD_NS / 1000)).astype(np.float32)


def fit(waveforms: Shaped[ndarray, "n t"], labels: Int8[ndarray, " n"]) -> RiseTimeCut:
    """Choose smoothing and cut so that the most waveforms are told rightly."""
    best, chosen = -1, RiseTimeCut(width=1, cut_us=0.0)
    for width in WIDTHS:
        rise = rise_time_us(waveforms, width)
        order = np.argsort(rise, kind="stable")
        # cutting above the first k: those are X-rays, the rest are gamma rays
        gamma = labels[order] == 1
        right = np.concatenate([[0], np.cumsum(~gamma)]) + gamma.sum() - np.cumsum([0, *gamma])
        k = int(right[:-1].argmax())
        if right[k] > best:
            best, chosen = int(right[k]), RiseTimeCut(width=width, cut_us=float(rise[order[k]]))
    return chosen


def _running_mean(pulses: Float32[ndarray, "n t"], width: int) -> Float32[ndarray, "n t"]:
    """Average over ``width`` samples about each one, fewer at the ends."""
    n, length = pulses.shape
    total = np.zeros((n, length + 1))
    np.cumsum(pulses, axis=1, out=total[:, 1:])
    middle = np.arange(length)
    begin, end = np.maximum(middle - width // 2, 0), np.minimum(middle + width // 2 + 1, length)
    mean: ndarray = (total[:, end] - total[:, begin]) / (end - begin)
    return mean.astype(np.float32)


def _crossing(heights: ndarray, after: ndarray, level: float) -> ndarray:
    """Interpolate where the level is crossed on the way up to the sample ``after``."""
    above = np.clip(after, 1, heights.shape[1] - 1)
    rows = np.arange(len(heights))
    low, high = heights[rows, above - 1], heights[rows, above]
    step = np.where(high > low, high - low, 1)
    crossing: ndarray = above - 1 + np.clip((level - low) / step, 0, 1)
    return crossing


def _table(seed: int = 20261121, fitted: int = 10_000, judged: int = 20_000) -> str:
    lines = ["ENC [e-]  right  95 %           width  cut [us]"]
    for enc in (20, 35, 50, 60, 70, 80, 90, 100):
        chain = replace(Chain(), enc_e=float(enc))
        known, new = block(seed, "train", 0, fitted, chain), block(seed, "test", 0, judged, chain)
        cut = fit(known.waveforms, known.labels)
        right = rate(cut.judge(new.waveforms) == (new.labels == 1))
        between = f"{right['low95']:.3f} - {right['high95']:.3f}"
        lines.append(f"{enc:8}  {right['value']:.3f}  {between}  {cut.width:5}  {cut.cut_us:8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(_table())  # noqa: T201 - this is its purpose
