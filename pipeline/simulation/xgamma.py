"""Simulate a run of a spectrometer: pulses as messages, and the truth about them."""

from collections.abc import Iterator

import numpy as np

from models.xgamma_pulse.chain import Chain
from models.xgamma_pulse.simulate import Pulses, simulate
from models.xgamma_pulse.waveforms import PERIOD_NS, TRIGGER
from pipeline.simulation.packet import SimulatedPacket
from pipeline.streams.xgamma.message import Pulse, write_message

__all__ = ["simulated_packets"]

_CHAIN = Chain()
_FULL_SCALE = 2.0**_CHAIN.bits - 1

_FIRST_ID = 4 * 10**18 + 1
"""Odd and above 2**53, so that an id that went through a double comes out wrong."""

_MOST = 10**7
"""Pulses of a seed, so that no two seeds share ids."""

_START_NS = 1_767_139_200_000_000_000
"""2025-12-31 [ns since 1970-01-01 UTC]."""

_INTERVAL_NS = 100_000
"""From one pulse to the next, on average: 10,000 a second."""

_DETECTORS = ("A", "B", "C", "D")
_CHANNELS = 30
"""Of each detector. Ours."""

_CHUNK = 512
"""Pulses to simulate at a time."""


def simulated_packets(seed: int) -> Iterator[SimulatedPacket]:
    """Yield simulated packets for ever, or rather 10 million times.

    Parameters
    ----------
    seed
        The same seed makes the same packets; below 2**32.
    """
    for chunk in range(_MOST // _CHUNK):
        rng = np.random.default_rng([seed, chunk])
        made = simulate(rng, _CHUNK, _CHAIN)
        for row in range(_CHUNK):
            yield _packet(made, row, seed, chunk * _CHUNK + row, rng)


def _packet(
    made: Pulses, row: int, seed: int, number: int, rng: np.random.Generator
) -> SimulatedPacket:
    event_id = _FIRST_ID + 2 * (seed * _MOST + number)
    kind = "gamma ray" if made.labels[row] else "X-ray"
    pulse = Pulse(
        survey="simulated spectrometer",
        event_id=str(event_id),
        event_id_long=event_id,
        detector=_DETECTORS[rng.integers(len(_DETECTORS))],
        channel=int(rng.integers(_CHANNELS)),
        trigger_time_ns_utc=_START_NS + number * _INTERVAL_NS + int(rng.integers(_INTERVAL_NS)),
        waveform=made.waveforms[row].astype("<u2"),
        sampling_period_ns=PERIOD_NS,
        baseline_samples=TRIGGER,
        full_scale=_FULL_SCALE,
    )
    return SimulatedPacket(
        data=write_message(pulse),
        family="xgamma",
        event_id=pulse.event_id,
        label=int(made.labels[row]),
        kind=f"{kind}, piled up" if made.piled_up[row] else kind,
        snr=float(made.snr[row]),
    )
