"""The images of a candidate of image subtraction."""

from collections.abc import Sequence

import numpy as np

from models.deep_hits.preprocess import CHANNELS
from models.deep_hits.stamps import HUGE, snr_difference
from pipeline.core import Candidate, FloatArray
from pipeline.report.pictures.drawing import Shades, describe, draw, ramp, usable
from pipeline.report.pictures.picture import Picture

__all__ = ["hits"]

MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution in units of its median absolute deviation."""

SOFTENING = 3.0
"""Where the stretch of an image turns from linear to logarithmic [standard deviations of the sky]."""

FLOOR = -2.5
"""The darkest level of an image [standard deviations of the sky]."""

SPAN = 8.0
"""The least that a full scale of a difference stands for [standard deviations]: noise looks like noise."""

SKY = ramp((0, 8, 10, 16), (0.35, 58, 64, 82), (0.7, 168, 172, 182), (1, 255, 253, 245))
"""Images: dark sky, bright stars."""

CHANGE = ramp(
    (0, 120, 200, 255), (0.25, 38, 96, 168), (0.5, 13, 15, 22), (0.75, 190, 96, 24), (1, 255, 214, 130)
)  # fmt: skip
"""Differences: what became fainter is blue, what became brighter is amber, equal in lightness."""


def hits(candidate: Candidate) -> Sequence[Picture]:
    """Return template, science, difference and SNR difference of a Deep-HiTS sample."""
    template, science, difference, ratio = candidate.sample
    if np.isnan(ratio).all():  # the packet has none, and the network sees the estimate
        ratio = snr_difference(difference, science, template)
    stamps = zip(CHANNELS, (template, science, difference, ratio), strict=True)
    names = ("brightest", "faintest")
    return [
        Picture(
            title=title,
            alt=f"{title} of {candidate.event.event_id}: {describe(stamp, HUGE, names)}",
            png=_change(stamp) if "difference" in title else _sky(stamp),
        )
        for title, stamp in stamps
    ]


def _sky(stamp: FloatArray) -> bytes:
    """Draw an image: linear in the noise of the sky, logarithmic above it."""
    pixels, missing = usable(stamp, HUGE)
    if missing.all():
        return draw(np.zeros(stamp.shape), missing, SKY)
    level, noise = _level_and_noise(pixels)
    stretched = np.arcsinh((pixels - level) / (SOFTENING * noise))
    floor = np.arcsinh(FLOOR / SOFTENING)
    top = max(float(np.nanmax(stretched)), np.arcsinh(5 / SOFTENING))
    return draw((stretched - floor) / (top - floor), missing, SKY)


def _change(stamp: FloatArray) -> bytes:
    """Draw a difference: zero in the middle, both signs alike."""
    pixels, missing = usable(stamp, HUGE)
    if missing.all():
        return draw(np.zeros(stamp.shape), missing, CHANGE)
    _, noise = _level_and_noise(pixels)
    stretched = np.arcsinh(pixels / (SOFTENING * noise))
    top = max(float(np.nanmax(np.abs(stretched))), np.arcsinh(SPAN / SOFTENING))
    return draw((stretched / top + 1) / 2, missing, CHANGE)


def _level_and_noise(pixels: Shades) -> tuple[float, float]:
    level = float(np.nanmedian(pixels))
    noise = MAD_TO_SIGMA * float(np.nanmedian(np.abs(pixels - level)))
    # A stamp without noise still has a range; a constant one has neither.
    return level, noise or float(np.nanmax(np.abs(pixels - level))) / SPAN or 1.0
