"""Write pulses as messages of the schema ``xgamma_event``: for files, and for the simulator."""

import io
import json
from dataclasses import dataclass

import fastavro
import numpy as np
import numpy.typing as npt

import schemas
from pipeline.container import Header, write_container
from pipeline.core import ALERT_NAMESPACE

__all__ = ["Pulse", "write_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One event, as the schema has it."""

    survey: str
    event_id: str
    event_id_long: int | None = None
    """The same as a 64-bit integer, where it is one."""

    detector: str | None = None
    channel: int | None = None
    trigger_time_ns_utc: int | None = None
    """Nanoseconds since 1970-01-01 UTC."""

    waveform: npt.NDArray[np.generic]
    """Samples of one pulse, shape ``(length,)``, in counts or volts."""

    sampling_period_ns: float
    baseline_samples: int
    """Samples before the pulse."""

    full_scale: float | None = None
    """Where the digitiser's range ends, in the unit of the waveform."""

    pulse_is_negative: bool = False


_SCHEMA = schemas.without_docs(schemas.load("xgamma_event"))
_PARSED = fastavro.parse_schema(_SCHEMA)

# All messages begin alike, so that a reader knows their header by one comparison.
_HEADER = Header(
    schema=json.dumps(_SCHEMA, separators=(",", ":")).encode(),
    codec=b"null",
    sync=ALERT_NAMESPACE.bytes,
    end=0,
)


def write_message(pulse: Pulse) -> bytes:
    """Return the Avro container of one pulse."""
    record = {
        "survey": pulse.survey,
        "eventId": pulse.event_id,
        "eventIdLong": pulse.event_id_long,
        "detector": pulse.detector,
        "channel": pulse.channel,
        "triggerTimeNsUtc": pulse.trigger_time_ns_utc,
        "samplingPeriodNs": pulse.sampling_period_ns,
        "baselineSamples": pulse.baseline_samples,
        "dtype": pulse.waveform.dtype.str,
        "waveform": pulse.waveform.tobytes(),
        "fullScale": pulse.full_scale,
        "pulseIsNegative": pulse.pulse_is_negative,
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, _PARSED, record)
    return write_container(_HEADER, [body.getvalue()])
