"""Running strain as a survey sees it: files played as detectors, the daemon, one alert for each event."""

import csv
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from models.strain_resnet.real_events import EVENTS
from pipeline.dead_letters import PREFIX
from pipeline.simulation.strain_frames import simulate_frames
from pipeline.streams.strain.frames import Frame, read_frames
from pipeline.streams.strain.hdf5 import write_hdf5
from tests.daemon import Daemon
from tests.observed import alerts, classifications, dead_letters, ledger

LIVE_RATE_HZ = 16384

CHUNKS = 2
"""Of 100 kB that a second at that rate has."""

WAITING_S = 4
"""At the end of each detector, which no window is complete for [s]."""


def publish(daemon, *words):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pipeline", "publish", "strain", *map(str, words)),
            *("--bootstrap", daemon.broker.bootstrap, "--topic", daemon.input),
            *("--as-frames", "--json"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["delivered"]


@pytest.fixture
def daemon(broker, topics, tmp_path):
    with Daemon(broker, topics, tmp_path, partitions=1, name="strain") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """Files of three detectors with a merger of SNR 16 in them."""
    return simulate_frames(1, 5, tmp_path_factory.mktemp("strain") / "running")


@pytest.fixture(scope="module")
def live(simulated, tmp_path_factory):
    """H1 and L1 of them at the rate of live frames, where a second is more than one chunk."""
    folder = tmp_path_factory.mktemp("live")
    for file in sorted(simulated.glob("[HL]-*.hdf5")):
        (frame,) = read_frames(file.read_bytes())
        (folder / file.name).write_bytes(resampled(frame))
    return folder


def resampled(frame: Frame):
    samples = len(frame.strain) * LIVE_RATE_HZ // frame.sample_rate_hz
    strain = np.fft.irfft(np.fft.rfft(frame.strain), n=samples) * samples / len(frame.strain)
    return write_hdf5(
        strain,
        detector=frame.detector,
        gps_start_s=frame.gps_start_ns // 10**9,
        sample_rate_hz=LIVE_RATE_HZ,
        words=np.full(samples // LIVE_RATE_HZ, 127),
        is_simulated=True,
    )


def merger_s(folder):
    """When the merger was [s GPS]."""
    with (folder / "labels.csv").open() as file:
        return float(next(csv.DictReader(file))["gpsTime"])


def test_a_simulated_merger_is_one_alert_though_the_worker_is_killed(daemon, simulated):
    sent = publish(daemon, simulated)
    daemon.wait_until_committed(3 * 20)
    (pid,) = daemon.workers().values()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_until_committed(sent - 3 * WAITING_S)

    (alert,) = alerts(daemon)
    assert abs(alert["eventTime"]["value"] - merger_s(simulated)) < 0.1
    assert alert["survey"] == "simulated strain"
    code, books = ledger(daemon)
    assert code == 0, books
    assert books["total"]["duplicates"] == 0


def test_a_merger_in_chunks_is_one_alert_and_each_chunk_has_one_result(daemon, simulated, live):
    sent = publish(daemon, live, "--parts")
    count = sent - 2 * CHUNKS * WAITING_S
    daemon.wait_until_committed(count)

    (alert,) = alerts(daemon)
    assert abs(alert["eventTime"]["value"] - merger_s(simulated)) < 0.1
    assert (alert["survey"], alert["strain"]["detectors"]) == ("simulated strain", ["H1", "L1"])
    judged = classifications(daemon)
    assert {one["eventId"].partition(" ")[2] for one in judged} == {"chunk 1/2", "chunk 2/2"}
    answered = [one["source"]["offset"] for one in judged]
    answered += [int(headers[f"{PREFIX}offset"]) for _, headers in dead_letters(daemon)]
    assert sorted(answered) == list(range(count))
    code, books = ledger(daemon)
    assert code == 0, books
    assert books["total"]["duplicates"] == 0


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_a_real_merger_is_one_alert_at_its_time_and_nothing_else(daemon, survey_data, event):
    sent = publish(daemon, *event.files(survey_data / "strain").values())
    daemon.wait_until_committed(sent - 2 * WAITING_S)

    (alert,) = alerts(daemon)
    assert abs(alert["eventTime"]["value"] - event.merger_gps_s) < 0.1
    assert alert["survey"] == "gwosc"
    code, books = ledger(daemon)
    assert code == 0, books
