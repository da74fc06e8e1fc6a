"""The one-orbit image of a MAXI/GSC transit."""

from collections.abc import Sequence

import numpy as np

from models.maxi_flare.preprocess import HUGE
from pipeline.core import Candidate
from pipeline.report.pictures.drawing import describe, draw, ramp, usable
from pipeline.report.pictures.picture import Picture

__all__ = ["maxi"]

XRAYS = ramp((0, 8, 10, 16), (0.4, 74, 38, 104), (0.75, 214, 92, 72), (1, 255, 240, 190))
"""From no photon to the most: linear, as the images are."""


def maxi(candidate: Candidate) -> Sequence[Picture]:
    """Return the one-orbit image, as small as the network sees it."""
    grey, missing = usable(candidate.sample, HUGE)
    top = float(np.nanmax(grey, initial=0)) or 1.0  # an image without photons is black
    title = "one-orbit image"
    text = describe(candidate.sample, HUGE, ("brightest", "faintest"))
    return [
        Picture(
            title=title,
            alt=f"{title} of {candidate.event.event_id}: {text}",
            png=draw(grey / top, missing, XRAYS),
            columns=2,
        )
    ]
