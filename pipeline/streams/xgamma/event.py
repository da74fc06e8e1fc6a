"""Packets in our schema ``xgamma_event``: one pulse each, as the digitiser gave it.

Samples travel as bytes, with their type beside them.  What brings them to the 200 samples that
the network knows is `~models.xgamma_pulse.waveforms.to_samples`, as in training.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.xgamma_pulse.waveforms import PERIOD_NS, to_samples
from pipeline.arrays import number_type
from pipeline.core import Candidate, Event, EventTime, FloatArray
from pipeline.errors import DecodeError, MissingInput
from pipeline.stream import PacketFormat
from pipeline.times import from_unix_ns, mjd_utc

__all__ = ["FORMAT", "decode"]


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a packet.

    Its quality has ``upsampled`` where the digitiser is slower than the network, so that samples
    are interpolated, and ``implausibleTime`` where the trigger cannot have been then.
    """
    event = _event(packet)
    quality: dict[str, float] = {}
    if packet["samplingPeriodNs"] > PERIOD_NS:
        quality["upsampled"] = 1.0
    if event.time is not None and event.survey_us is None:
        quality["implausibleTime"] = 1.0
    return Candidate(event, _sample(packet), quality)


def _event(packet: Mapping[str, Any]) -> Event:
    event_id, number = packet["eventId"], packet.get("eventIdLong")
    if number is not None and str(number) != event_id:
        raise DecodeError(f"eventId {event_id!r} and eventIdLong {number} are not the same")
    time, survey_us = _trigger_time(packet.get("triggerTimeNsUtc"))
    return Event(
        survey=packet["survey"],
        event_id=event_id,
        event_id_long=number,
        time=time,
        survey_us=survey_us,
        detector=packet.get("detector"),
        channel=packet.get("channel"),
    )


def _trigger_time(ns: int | None) -> tuple[EventTime | None, int | None]:
    """Return the time of the trigger as it is published, and on our clock [µs UTC]."""
    if ns is None:
        return None, None
    time = EventTime(mjd_utc(ns), "mjd", "utc", "trigger")
    try:
        return time, from_unix_ns(ns)
    except ValueError:  # the event is no worse for it; only its latency is unknown
        return time, None


def _sample(packet: Mapping[str, Any]) -> FloatArray:
    waveform, full_scale = _waveform(packet), packet.get("fullScale")
    if full_scale is not None and not math.isfinite(full_scale):
        raise DecodeError(f"the digitiser of event {packet['eventId']} ends at {full_scale}")
    if packet.get("pulseIsNegative"):
        waveform = -waveform.astype(np.float64)  # unsigned numbers have no negative
        full_scale = None if full_scale is None else -full_scale
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # preprocessing counts infinite samples
            samples = to_samples(
                waveform[np.newaxis],
                period_ns=packet["samplingPeriodNs"],
                baseline=packet["baselineSamples"],
                full_scale=full_scale,
            )
    except ValueError as error:
        raise DecodeError(f"the waveform of event {packet['eventId']}: {error}") from error
    sample: FloatArray = samples[0]
    return sample


def _waveform(packet: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Return the samples that were sent, shape ``(length,)``."""
    data, dtype = packet["waveform"], number_type(packet["dtype"])
    if not data:
        raise MissingInput(f"event {packet['eventId']} has no waveform")
    if len(data) % dtype.itemsize:
        raise DecodeError(
            f"the waveform of event {packet['eventId']} has {len(data)} bytes, "
            f"which are no samples of {dtype.itemsize}"
        )
    return np.frombuffer(data, dtype)


FORMAT = PacketFormat(
    name="xgamma_event",
    needs=frozenset({"eventId", "waveform", "dtype", "samplingPeriodNs", "baselineSamples"}),
    fields=(
        "survey",
        "eventId",
        "eventIdLong",
        "triggerTimeNsUtc",
        "samplingPeriodNs",
        "baselineSamples",
        "dtype",
        "waveform",
        "fullScale",
        "pulseIsNegative",
        "detector",
        "channel",
    ),
    decode=decode,
)
