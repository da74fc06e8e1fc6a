"""Simulated files of running detectors, and the truth in the table beside them."""

import csv
import math

import numpy as np
import pytest

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.play_files import play_files
from pipeline.simulation.strain_frames import simulate_frames
from pipeline.streams.strain.frames import read_frames
from tests.command_line import skytriage

COUNT, SEED = 2, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("strain") / "running"
    made = skytriage(
        *("simulate", "strain", "--frames", "--count", COUNT, "--seed", SEED, "--out", out)
    )
    assert made.code == 0, made.err
    return out


@pytest.fixture(scope="module")
def frames(folder):
    """What is in the files, whole."""
    return [frame for file in files(folder) for frame in read_frames(file.read_bytes())]


@pytest.fixture(scope="module")
def rows(folder):
    with (folder / "labels.csv").open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def files(folder):
    return sorted(folder.glob("*.hdf5"))


def test_each_detector_has_a_file_of_the_same_time(frames):
    assert [frame.detector for frame in frames] == list(DETECTORS)
    assert len({(one.gps_start_ns, one.duration_ns, one.sample_rate_hz) for one in frames}) == 1


def test_all_of_it_is_strain_that_may_be_used(frames):
    assert all(np.isfinite(frame.strain).all() for frame in frames)
    assert {frame.flagged_fraction for frame in frames} == {0}


@pytest.mark.parametrize("in_parts", [False, True])
def test_each_message_that_is_played_says_that_it_is_simulated(folder, in_parts):
    messages = play_files(files(folder)[:1], in_parts=in_parts)
    played = [
        message.value.partition(b"\0")[2] if in_parts else message.value for message in messages
    ]

    assert {frame.survey for value in played for frame in read_frames(value)} == {
        "simulated strain"
    }


def test_no_merger_is_in_the_noise_that_another_is_whitened_by(frames, rows):
    begin_s, length_s = frames[0].gps_start_ns / 1e9, frames[0].duration_ns / 1e9
    after_s = [row["gpsTime"] - begin_s for row in rows]

    assert len(rows) == COUNT
    assert np.diff([0, *after_s]).min() > 32 + 2 + 1  # buffer, window, second between events
    assert after_s[-1] <= length_s - 8


def test_the_snr_in_the_table_is_that_of_all_detectors(rows):
    for row in rows:
        assert row["snr"] == pytest.approx(
            math.hypot(*(row[f"snr{name}"] for name in DETECTORS)), abs=2e-3
        )


def test_a_seed_makes_the_same_files_again_and_another_one_others(folder, tmp_path):
    again, other = (simulate_frames(COUNT, seed, tmp_path / str(seed)) for seed in (SEED, SEED + 1))
    was, same, new = ([file.read_bytes() for file in files(one)] for one in (folder, again, other))

    assert was == same
    assert not set(was) & set(new)


def test_a_folder_that_holds_something_is_left_alone(folder):
    again = skytriage("simulate", "strain", "--frames", "--count", 1, "--out", folder)

    assert again.code == 1
    assert "not empty" in again.err


def test_more_mergers_than_fit_in_a_file_are_refused(tmp_path):
    asked = skytriage("simulate", "strain", "--frames", "--count", 103, "--out", tmp_path / "x")

    assert asked.code == 2
    assert "at most 102 mergers" in " ".join(asked.err.split())
    assert not (tmp_path / "x").exists()
