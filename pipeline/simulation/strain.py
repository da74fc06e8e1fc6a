"""Simulate segments of strain: messages of ``strain_segment``, and the truth about them.

What is simulated is in `models.strain_resnet.simulate`: Gaussian noise of the design curves of three
detectors, and in half of the segments a merger of two black holes.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.simulate import simulate
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.simulation.packet import SimulatedPacket, write_folder
from pipeline.streams.strain.messages import segment_message
from pipeline.streams.strain.recorded import SIMULATED_SURVEY

__all__ = ["START_S", "simulate_strain", "simulated_segments"]

_KINDS = ("noise", "signal")

START_S = 1_451_606_418
"""2026-01-05 00:00:00 UTC: in no observing run [s GPS]."""

_SPACING_NS = 2_000_000_000
"""From segment to segment [ns]: they do not overlap."""

_CHUNK = 32
"""Segments to simulate at a time: one block of the simulator."""

_MOST = 10**7
"""Segments of a seed, so that no two seeds share ids."""


def simulate_strain(count: int, seed: int, out: Path) -> Path:
    """Write a folder of segments, as `~pipeline.simulation.packet.write_folder` does.

    Parameters
    ----------
    count
        Number of segments.
    seed
        The same seed makes the same files.
    out
        The folder, which must be empty if it exists.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    """
    return write_folder(simulated_segments(seed), count, out)


def simulated_segments(seed: int) -> Iterator[SimulatedPacket]:
    """Yield simulated segments for ever, or rather 10 million times.

    Their ``snr`` is the optimal signal-to-noise ratio of all three detectors together.

    Parameters
    ----------
    seed
        The same seed makes the same segments.
    """
    for chunk in range(_MOST // _CHUNK):
        made = simulate(np.random.default_rng([seed, chunk]), _CHUNK)
        for row, label in enumerate(made.labels.tolist()):
            number = chunk * _CHUNK + row
            segment_id = f"simulated-{seed}-{number:07}"
            yield SimulatedPacket(
                data=segment_message(
                    made.samples[row],
                    survey=SIMULATED_SURVEY,
                    segment_id=segment_id,
                    detectors=DETECTORS,
                    sample_rate_hz=SAMPLE_RATE_HZ,
                    gps_start_ns=START_S * 1_000_000_000 + number * _SPACING_NS,
                ),
                family="strain",
                event_id=segment_id,
                label=label,
                kind=_KINDS[label],
                snr=float(made.network_snr[row]),
            )
