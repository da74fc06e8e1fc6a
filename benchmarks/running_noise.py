"""Do the alerts of running strain agree with the rate that they claim: on simulated noise.

::

    python -m benchmarks.running_noise [--hours 3] [--seed 7] [--json]

The daemon's own lane, without Kafka, hears noise of three detectors, frame by frame. How many alerts
should there be: the time listened to, times the largest false-alarm rate of an alert; and how many are
as many as Poisson allows. The seed is not that of the background's noise.
"""

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np

from models.strain_resnet.simulate_running import simulate_running
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.classify_running import predicted
from pipeline.core import Alert, Origin, Record
from pipeline.lane import Lane
from pipeline.lanes import open_lane
from pipeline.settings import RunningSettings, SchemaSettings, StreamSettings, WorkerSettings
from pipeline.streams.strain.hdf5 import write_hdf5

__all__ = ["main"]

GPS_S = 1_400_000_000
CHUNK_S = 900
"""Noise to simulate at a time; between chunks time has a gap, as detectors have."""

GAP_S = 10


def main() -> None:
    """Print what was found, and what was to be expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    settings = RunningSettings()
    lane = open_lane(
        "strain",
        StreamSettings(topics=["strain"], running=settings),
        SchemaSettings(),
        WorkerSettings(),
        threads=0,
    )
    began_s = time.monotonic()
    found: list[Alert] = []
    heard_s = 0.0
    chunks = round(arguments.hours * 3600 / CHUNK_S)
    for number in range(chunks):
        rng = np.random.default_rng([arguments.seed, number])
        begin_s = GPS_S + number * (CHUNK_S + GAP_S)
        alerts, windows = _listen(lane, rng, begin_s, number * CHUNK_S * 3)
        found += alerts
        heard_s += windows * settings.stride_s
    expected = heard_s * settings.max_far_hz
    result = {
        "data": "simulated",
        "heardS": heard_s,
        "maxFarHz": settings.max_far_hz,
        "expected": round(expected, 2),
        "alerts": len(found),
        "farHz": [alert.candidate.strain.far_hz for alert in found if alert.candidate.strain],
        "timesRealTime": round(heard_s / (time.monotonic() - began_s), 1),
    }
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"{len(found)} alerts in {heard_s / 3600:.2f} h; {expected:.1f} were to be expected")


def _listen(
    lane: Lane, rng: np.random.Generator, begin_s: int, offset: int
) -> tuple[Sequence[Alert], int]:
    """Return the events of a stretch of noise, and how many windows it had."""
    strain = simulate_running(rng, CHUNK_S).strain
    events: list[Alert] = []
    windows = 0
    for second in range(CHUNK_S):
        for name, series in strain.items():
            value = write_hdf5(
                series[second * SAMPLE_RATE_HZ : (second + 1) * SAMPLE_RATE_HZ],
                detector=name,
                gps_start_s=begin_s + second,
                sample_rate_hz=SAMPLE_RATE_HZ,
                words=np.array([127]),
                is_simulated=True,
            )
            record = Record(value, Origin("strain", 0, offset))
            offset += 1
            prepared = lane.prepare([record])
            windows += len(prepared.inputs)
            answers = [a for judged in predicted(lane, prepared) for _, a in judged.answers()]
            events += [a for a in answers if isinstance(a, Alert) and a.kind == "event"]
    return events, windows


if __name__ == "__main__":
    main()
