"""Simulate files of running detectors, in the layout of GWOSC, with mergers in them and the truth.

What is simulated is in `models.strain_resnet.simulate_running`: stationary Gaussian noise of the design
curves of three detectors, and mergers of two black holes.  They are twice as loud as those of segments,
so that most are found, and none is in the noise that another one is whitened by.
"""

import csv
from pathlib import Path

import numpy as np

from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.running import BUFFER_S
from models.strain_resnet.simulate_running import RunningStrain, simulate_running
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.simulation.packet import make_folder
from pipeline.simulation.strain import START_S
from pipeline.streams.strain.hdf5 import write_hdf5

__all__ = ["MOST_MERGERS", "simulate_frames"]

APART_S = BUFFER_S + 8
"""From merger to merger on average, and from the beginning to the first at most [s]."""

EARLIER_S = 3.0
"""By up to this much a merger is earlier [s]. What is left is more than the buffer with a window of two
seconds and the second that parts events."""

REST_S = 8
"""After the last [s]: windows end two seconds before the strain, and a quiet one decides an event."""

MOST_MERGERS = (4096 - REST_S) // APART_S
"""So many fit into the longest files of GWOSC."""

LOUDNESS = 2.0

GOOD = 0b1111111
"""All bits of ``DQmask``."""


def simulate_frames(count: int, seed: int, out: Path) -> Path:
    """Write a file for each detector with so many mergers, and the truth in ``labels.csv``.

    Parameters
    ----------
    count
        Number of mergers, at most `MOST_MERGERS`.
    seed
        The same seed makes the same files.
    out
        The folder, which must be empty if it exists.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    """
    make_folder(out)
    rng = np.random.default_rng([seed])
    seconds = count * APART_S + REST_S
    at_s = APART_S * np.arange(1, count + 1) - rng.uniform(0, EARLIER_S, count)
    running = simulate_running(rng, seconds, at_s.tolist(), loudness=LOUDNESS)
    for detector, strain in running.strain.items():
        file = out / f"{detector[0]}-{detector}_SIMULATED-{START_S}-{seconds}.hdf5"
        file.write_bytes(
            write_hdf5(
                strain,
                detector=detector,
                gps_start_s=START_S,
                sample_rate_hz=SAMPLE_RATE_HZ,
                words=np.full(seconds, GOOD),
                is_simulated=True,
            )
        )
    _write_labels(out / "labels.csv", running)
    return out


def _write_labels(file: Path, running: RunningStrain) -> None:
    snr_columns = [f"snr{name}" for name in DETECTORS]
    with file.open("w", newline="") as labels:
        table = csv.writer(labels, lineterminator="\n")
        table.writerow(("gpsTime", "snr", *snr_columns, "mass1Msun", "mass2Msun", "distanceMpc"))
        for one in running.mergers:
            numbers = (one.network_snr, *one.snr.values(), one.mass_1_msun, one.mass_2_msun)
            table.writerow(
                (
                    f"{START_S + one.at_s:.3f}",
                    *(f"{number:.3f}" for number in numbers),
                    f"{one.distance_mpc:.1f}",
                )
            )
