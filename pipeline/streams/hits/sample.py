"""Put the stamps of a packet together to what the network is to judge."""

from typing import Any

import numpy as np

from models.deep_hits.stamps import SIDE, centre_stamp, snr_difference
from pipeline.core import Candidate, Event, FloatArray
from pipeline.errors import DecodeError, MissingInput

__all__ = ["cutout", "make_candidate"]


def cutout(packet: Any, name: str, event_id: object) -> bytes:
    """Return the file of a cutout: bytes, or a record that holds them as ``stampData``.

    Raises
    ------
    MissingInput
        If it is null, empty or absent.
    """
    value = packet.get(name)
    if isinstance(value, dict):
        value = value.get("stampData")
    if not value:
        raise MissingInput(f"event {event_id} has no {name}")
    if not isinstance(value, bytes):
        raise DecodeError(f"{name} of event {event_id} is {type(value).__name__}, not bytes")
    return value


def make_candidate(
    event: Event,
    *,
    template: FloatArray,
    science: FloatArray,
    difference: FloatArray,
    snr: FloatArray | None = None,
    variance: FloatArray | None = None,
    centre: tuple[int, int] | None = None,
    side: int | None = None,
) -> Candidate:
    """Cut the stamps to 21x21 and stack them.

    Parameters
    ----------
    event
        Whose stamps they are.
    template, science, difference
        Stamps, all of one shape ``(y, x)``, in the survey's unit.
    snr
        Difference over its standard deviation in each pixel, likewise.
    variance
        Variance of the difference, likewise, where there is no ``snr``. Without both the channel
        is NaN, and preprocessing derives it.
    centre
        Pixel ``(y, x)`` of the source; the middle of the stamps if left out.
    side
        Height and width that the survey promises [pixel]; any square if left out.
    """
    stamps = {"template": template, "science": science, "difference": difference}
    fourth = snr if variance is None else variance
    if fourth is not None:
        stamps["SNR difference" if variance is None else "variance"] = fourth
    height, width = difference.shape
    if len({stamp.shape for stamp in stamps.values()}) > 1 or 0 in (height, width):
        shapes = ", ".join(f"{name} {stamp.shape}" for name, stamp in stamps.items())
        raise DecodeError(f"the stamps of event {event.event_id} do not fit: {shapes}")
    sample = np.empty((4, SIDE, SIDE), np.float32)
    padded = 0.0
    for channel, stamp in enumerate(stamps.values()):
        if (height, width) == (SIDE, SIDE) and centre is None:
            sample[channel] = stamp
        else:
            sample[channel], padded = centre_stamp(stamp, SIDE, centre)
    if fourth is None:
        sample[3] = np.nan
    if variance is not None:
        sample[3] = snr_difference(sample[2], sample[1], sample[0], sample[3])
    quality: dict[str, float] = {}
    if padded:
        quality["paddedFraction"] = padded
    if (height, width) != (side or height, side or height):
        quality["nonSquare"] = 1.0
    if event.time is not None and event.survey_us is None:
        quality["implausibleTime"] = 1.0
    return Candidate(event, sample, quality)
