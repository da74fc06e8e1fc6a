"""Pulses of X and gamma rays for tests, and packets of them."""

import numpy as np

import schemas
from models.xgamma_pulse.simulate import simulate
from tests.strategies import BIG_ID, container

__all__ = ["PULSES", "TRIGGER_NS", "packet"]

SCHEMA = schemas.load("xgamma_event")
PULSES = simulate(np.random.default_rng(5), 6).waveforms

TRIGGER_NS = 1_767_139_200_123_456_789
"""2025-12-31 00:00:00.123456789 UTC."""


def packet(pulse=PULSES[0], /, **changes):
    """Return a container of one pulse, with other fields."""
    value = {
        "survey": "hermes",
        "eventId": str(BIG_ID),
        "eventIdLong": BIG_ID,
        "triggerTimeNsUtc": TRIGGER_NS,
        "samplingPeriodNs": 100.0,
        "baselineSamples": 40,
        "dtype": pulse.dtype.str,
        "waveform": pulse.tobytes(),
        "fullScale": 4095.0,
        "pulseIsNegative": False,
        "detector": "A",
        "channel": 7,
    }
    return container(SCHEMA, value | changes)
