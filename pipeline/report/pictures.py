"""What the network was shown, as pictures: one function for each stream.

A new stream adds its function to `PICTURES`; the pages know nothing else of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.deep_hits.preprocess import CHANNELS
from models.deep_hits.stamps import HUGE, snr_difference
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import preprocess_images
from pipeline.core import Candidate, FloatArray
from pipeline.report.png import MISSING, Indices, Palette, encode_png

__all__ = ["PICTURES", "Picture", "Pictures"]

LOUD = 8.0
"""The least that a full scale of whitened strain stands for [standard deviations of the noise]."""

LEVELS = 255
"""Colours of a palette besides `MISSING`."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution in units of its median absolute deviation."""

SOFTENING = 3.0
"""Where the stretch of an image turns from linear to logarithmic [standard deviations of the sky]."""

FLOOR = -2.5
"""The darkest level of an image [standard deviations of the sky]."""

SPAN = 8.0
"""The least that a full scale of a difference stands for [standard deviations]: noise looks like noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One small image of what arrived."""

    title: str
    alt: str
    """What it shows, for those who do not see it."""

    png: bytes


Pictures = Callable[[Candidate], Sequence[Picture]]
"""What to show of a candidate."""


def _ramp(*stops: tuple[float, int, int, int]) -> Palette:
    """Return a palette through colours ``(position, red, green, blue)``, position in [0, 1]."""
    table = np.array(stops, np.float64)
    at = np.linspace(0, 1, LEVELS)
    channels = [np.interp(at, table[:, 0], table[:, k]) for k in (1, 2, 3)]
    palette = np.zeros((LEVELS + 1, 3), np.uint8)
    palette[1:] = np.stack(channels, axis=1).round()
    return palette


SKY = _ramp((0, 8, 10, 16), (0.35, 58, 64, 82), (0.7, 168, 172, 182), (1, 255, 253, 245))
"""Images: dark sky, bright stars."""

CHANGE = _ramp(
    (0, 120, 200, 255), (0.25, 38, 96, 168), (0.5, 13, 15, 22), (0.75, 190, 96, 24), (1, 255, 214, 130)
)  # fmt: skip
"""Differences: what became fainter is blue, what became brighter is amber, equal in lightness."""


def hits(candidate: Candidate) -> Sequence[Picture]:
    """Return template, science, difference and SNR difference of a Deep-HiTS sample."""
    template, science, difference, ratio = candidate.sample
    if np.isnan(ratio).all():  # the packet has none, and the network sees the estimate
        ratio = snr_difference(difference, science, template)
    stamps = zip(CHANNELS, (template, science, difference, ratio), strict=True)
    return [
        Picture(
            title=title,
            alt=f"{title} of {candidate.event.event_id}: {describe(stamp)}",
            png=_change(stamp) if "difference" in title else _sky(stamp),
        )
        for title, stamp in stamps
    ]


def maxi(candidate: Candidate) -> Sequence[Picture]:
    """Return the one-orbit image, as small as the network sees it."""
    pixels, missing = _usable(candidate.sample)
    grey = np.where(missing, 0, pixels)
    top = max(float(grey.max()), np.finfo(np.float64).tiny)
    title = "one-orbit image"
    alt = f"{title} {candidate.event.event_id}: {describe(candidate.sample)}"
    return [Picture(title=title, alt=alt, png=_draw(grey / top, missing, SKY))]


def strain(candidate: Candidate) -> Sequence[Picture]:
    """Return how loud whitened strain is by time and pitch, high pitches on top, of each detector."""
    made = preprocess_images(candidate.sample[np.newaxis])
    pictures: list[Picture] = []
    for number, detector in enumerate(DETECTORS):
        loudness = made.inputs[0, ::-1, :, number].astype(np.float64)
        absent = bool(made.quality[f"missing{detector}"][0])
        loudest = float(loudness.max())
        text = "no data" if absent else f"loudest {loudest:.1f} standard deviations above the noise"
        pictures.append(
            Picture(
                title=detector,
                alt=f"{detector} of {candidate.event.event_id}: {text}",
                png=_draw(loudness / max(loudest, LOUD), np.full(loudness.shape, absent), SKY),
            )
        )
    return pictures


def xgamma(candidate: Candidate) -> Sequence[Picture]:
    """Return the curve of a pulse, time from left to right."""
    title = "waveform"
    alt = f"{title} of {candidate.event.event_id}: {describe(candidate.sample)}"
    return [Picture(title=title, alt=alt, png=_curve(candidate.sample))]


PICTURES: Mapping[str, Pictures] = {
    "hits": hits,
    "maxi": maxi,
    "strain": strain,
    "xgamma": xgamma,
}
"""By stream."""


def describe(stamp: FloatArray) -> str:
    """Say in a few words what a stamp holds.

    >>> describe(np.full((21, 21), np.nan, np.float32))
    'no data'
    """
    pixels, missing = _usable(stamp)
    if missing.all():
        return "no data"
    text = f"brightest {np.nanmax(pixels):.4g}, faintest {np.nanmin(pixels):.4g}"
    return f"{text}, {missing.mean():.0%} missing" if missing.any() else text


def _usable(stamp: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    pixels = stamp.astype(np.float64)
    missing = ~(np.abs(pixels) < HUGE)
    pixels[missing] = np.nan
    return pixels, missing


def _sky(stamp: FloatArray) -> bytes:
    """Draw an image: linear in the noise of the sky, logarithmic above it."""
    pixels, missing = _usable(stamp)
    if missing.all():
        return _draw(np.zeros(stamp.shape), missing, SKY)
    level, noise = _level_and_noise(pixels)
    stretched = np.arcsinh((pixels - level) / (SOFTENING * noise))
    floor = np.arcsinh(FLOOR / SOFTENING)
    top = max(float(np.nanmax(stretched)), np.arcsinh(5 / SOFTENING))
    return _draw((stretched - floor) / (top - floor), missing, SKY)


def _change(stamp: FloatArray) -> bytes:
    """Draw a difference: zero in the middle, both signs alike."""
    pixels, missing = _usable(stamp)
    if missing.all():
        return _draw(np.zeros(stamp.shape), missing, CHANGE)
    _, noise = _level_and_noise(pixels)
    stretched = np.arcsinh(pixels / (SOFTENING * noise))
    top = max(float(np.nanmax(np.abs(stretched))), np.arcsinh(SPAN / SOFTENING))
    return _draw((stretched / top + 1) / 2, missing, CHANGE)


def _curve(samples: FloatArray) -> bytes:
    """Draw two samples in each column, and the line that leads there from the one before.

    Saturated samples are at the top or the bottom, and columns without a sample transparent.
    """
    values, _ = _usable(samples)
    low, high = (0.0, 1.0) if np.isnan(values).all() else (np.nanmin(values), np.nanmax(values))
    values = np.where(np.isnan(samples), np.nan, np.clip(samples, low, high))
    height = len(values) // 2
    y = (high - values) / ((high - low) or 1) * (height - 1)
    before = np.concatenate([y[:1], y[1:-1:2]])
    ends = np.stack([before, y[::2], y[1::2]])
    missing = np.isnan(ends[1:]).all(axis=0)
    ends[:, missing] = 0
    rows = np.arange(height)[:, np.newaxis]
    first, last = np.floor(np.nanmin(ends, axis=0)), np.ceil(np.nanmax(ends, axis=0))
    shade = ((first <= rows) & (rows <= last)).astype(float)
    return _draw(shade, np.broadcast_to(missing, shade.shape), SKY)


def _level_and_noise(pixels: npt.NDArray[np.float64]) -> tuple[float, float]:
    level = float(np.nanmedian(pixels))
    noise = MAD_TO_SIGMA * float(np.nanmedian(np.abs(pixels - level)))
    # A stamp without noise still has a range; a constant one has neither.
    return level, noise or float(np.nanmax(np.abs(pixels - level))) / SPAN or 1.0


def _draw(
    shade: npt.NDArray[np.float64], missing: npt.NDArray[np.bool_], palette: Palette
) -> bytes:
    """Draw shades in [0, 1], those outside cut."""
    levels = np.clip(np.nan_to_num(shade), 0, 1) * (LEVELS - 1)
    indices: Indices = (1 + levels.round()).astype(np.uint8)
    indices[missing] = MISSING
    return encode_png(indices, palette)
