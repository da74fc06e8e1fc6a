"""The options of ``skytriage publish`` that are for strain, and ``skytriage classify strain``."""

import csv

import pytest

from models import NETWORKS
from pipeline.simulation.strain import simulate_strain
from pipeline.simulation.strain_frames import simulate_frames
from tests.command_line import skytriage
from tests.running_strain import frame, strain_of

NOWHERE = ("--bootstrap", "localhost:1")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("hits", "--as-frames"), "--as-frames is for strain, not for hits"),
        (("strain", "--realtime"), "--realtime and --parts go with --as-frames"),
        (("strain", "--parts"), "--realtime and --parts go with --as-frames"),
        (("strain", "--as-frames", "--realtime", "--rate", "2"), "both say how fast"),
        (("strain", "--as-frames", "--repeat", "2"), "time passes once"),
    ],
)
def test_options_that_do_not_go_together_are_told(tmp_path, arguments, reason):
    outcome = skytriage("publish", *arguments, tmp_path, *NOWHERE)

    assert outcome.code == 2
    assert reason in " ".join(outcome.err.split())


def test_a_file_that_cannot_be_played_is_named_before_a_broker_is_asked(tmp_path):
    (tmp_path / "a.hdf5").write_bytes(b"hello")

    outcome = skytriage("publish", "strain", tmp_path / "a.hdf5", "--as-frames", *NOWHERE)

    assert outcome.code == 1
    assert "a.hdf5 cannot be played" in " ".join(outcome.err.split())


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What is said of forty simulated segments, and of something else."""
    if "strain_resnet" not in NETWORKS:
        pytest.skip("strain_resnet has no weights yet")
    folder = simulate_strain(40, 11, tmp_path_factory.mktemp("strain") / "segments")
    (folder / "zz-hello.bin").write_bytes(b"hello")
    outcome = skytriage("classify", "strain", folder, "--json")
    assert outcome.code == 0
    return outcome.lines


def test_simulated_segments_are_judged_and_loud_ones_found(judged):
    assert [line["status"] for line in judged[:40]] == ["ok"] * 40
    assert all(line["eventTime"]["format"] == "gps" for line in judged[:40])
    assert {line["alert"] for line in judged[:40]} == {True, False}


def test_what_is_no_strain_is_a_line_that_says_so(judged):
    assert judged[-1]["status"] == "invalid"
    assert "no strain" in judged[-1]["error"]


def test_a_simulated_merger_in_files_of_detectors_is_an_event_at_its_time(tmp_path):
    folder = simulate_frames(1, 5, tmp_path / "running")
    with (folder / "labels.csv").open() as file:
        (truth,) = csv.DictReader(file)

    (event,) = skytriage("classify", "strain", folder, "--json").lines

    assert abs(event["gpsTime"] - float(truth["gpsTime"])) < 0.1
    assert event["alert"]


def test_files_without_an_event_are_said_to_have_none(tmp_path):
    (tmp_path / "H1.hdf5").write_bytes(frame("H1", 0, strain_of("H1", 30), seconds=30))

    outcome = skytriage("classify", "strain", tmp_path / "H1.hdf5")

    assert "no event in 1 files" in outcome.err
