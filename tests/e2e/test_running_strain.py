"""Running strain as a survey sees it: files played as detectors, the daemon, one alert for each event."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from models.strain_resnet.real_events import EVENTS
from models.strain_resnet.simulate_running import simulate_running
from models.strain_resnet.whitening import SAMPLE_RATE_HZ
from pipeline.streams.strain.hdf5 import write_hdf5
from tests.daemon import Daemon
from tests.observed import alerts, ledger

GPS_S, SECONDS, MERGER_S = 1_400_000_000, 45, 25.0


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
    """Files of 45 s of simulated strain of two detectors with a loud merger in it."""
    folder = tmp_path_factory.mktemp("strain")
    rng = np.random.default_rng(4)
    strain = simulate_running(rng, SECONDS, [MERGER_S], loudness=4.0, detectors=("H1", "L1"))
    for name, series in strain.items():
        data = write_hdf5(
            series,
            detector=name,
            gps_start_s=GPS_S,
            sample_rate_hz=SAMPLE_RATE_HZ,
            words=np.full(SECONDS, 127),
        )
        (folder / f"{name}.hdf5").write_bytes(data)
    return folder


def times(daemon):
    return [record["eventTime"]["value"] for record in alerts(daemon)]


def test_a_simulated_merger_is_one_alert_though_the_worker_is_killed(daemon, simulated):
    sent = publish(daemon, simulated)
    daemon.wait_until_committed(2 * 20)
    (pid,) = daemon.workers().values()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_until_committed(sent - 8)

    (peak_s,) = times(daemon)
    assert abs(peak_s - GPS_S - MERGER_S) < 0.1
    code, books = ledger(daemon)
    assert code == 0, books
    assert books["total"]["duplicates"] == 0


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_a_real_merger_is_one_alert_at_its_time_and_nothing_else(daemon, survey_data, event):
    sent = publish(daemon, *event.files(survey_data / "strain").values())
    daemon.wait_until_committed(sent - 8)

    (peak_s,) = times(daemon)
    assert abs(peak_s - event.merger_gps_s) < 0.1
    code, books = ledger(daemon)
    assert code == 0, books
