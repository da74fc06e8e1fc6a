"""Put the stamps of a packet together to what the network is to judge."""

from typing import Any

import numpy as np

from models.deep_hits.stamps import SIDE, centre_stamp
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
    snr_difference: FloatArray | None = None,
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
    snr_difference
        Difference over its standard deviation, likewise; None leaves the channel NaN, and
        preprocessing derives it.
    centre
        Pixel ``(y, x)`` of the source; the middle of the stamps if left out.
    side
        Height and width that the survey promises [pixel]; any square if left out.
    """
    stamps = {"template": template, "science": science, "difference": difference}
    if snr_difference is not None:
        stamps["SNR difference"] = snr_difference
    shape = difference.shape
    if any(stamp.shape != shape for stamp in stamps.values()) or 0 in shape:
        shapes = ", ".join(f"{name} {stamp.shape}" for name, stamp in stamps.items())
        raise DecodeError(f"the stamps of event {event.event_id} do not fit: {shapes}")
    sample = np.full((4, SIDE, SIDE), np.nan, np.float32)
    padded = 0.0
    for channel, stamp in enumerate(stamps.values()):
        sample[channel], padded = centre_stamp(stamp, SIDE, centre)
    quality = {
        "paddedFraction": padded,
        "nonSquare": float(shape != (side or shape[0], side or shape[0])),
        "implausibleTime": float(event.time is not None and event.survey_us is None),
    }
    wrong = {name: value for name, value in quality.items() if value}
    return Candidate(event, sample, wrong)
