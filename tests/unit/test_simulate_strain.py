"""Simulated segments: the truth in the table is that of the packets."""

import csv
import itertools

import numpy as np
import pytest

from models.strain_resnet.preprocess import preprocess
from pipeline.simulation.strain import simulated_segments
from tests.command_line import skytriage
from tests.strain_files import strain_decoder

COUNT, SEED = 40, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("strain") / "segments"
    outcome = skytriage("simulate", "strain", "--count", COUNT, "--seed", SEED, "--out", out)
    assert outcome.code == 0
    return out


@pytest.fixture(scope="module")
def rows(folder):
    with (folder / "labels.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def candidates(folder, rows):
    decoder = strain_decoder()
    return [decoder.decode((folder / row["file"]).read_bytes()) for row in rows]


def test_every_segment_has_the_id_in_the_table(rows, candidates):
    assert [row["eventId"] for row in rows] == [one.event.event_id for one in candidates]
    assert len({row["eventId"] for row in rows}) == COUNT


def test_every_segment_is_clean_and_says_that_it_is_simulated(candidates):
    made = preprocess(np.stack([candidate.sample for candidate in candidates]))

    assert {one.event.survey for one in candidates} == {"simulated strain"}
    assert not made.rejected
    assert not any(values.any() for values in made.quality.values())


def test_the_table_says_which_segments_hold_a_signal_and_how_loud(rows):
    assert {row["kind"] for row in rows} == {"noise", "signal"}
    for row in rows:
        assert (row["label"] == "1") == (row["kind"] == "signal") == (float(row["snr"]) > 0)


def test_segments_follow_each_other_in_time(candidates):
    times = [one.event.time.value for one in candidates]

    assert np.diff(times).tolist() == [2] * (COUNT - 1)


def test_a_seed_makes_the_same_segments_again():
    first, again = (
        [packet.data for packet in itertools.islice(simulated_segments(SEED), 3)] for _ in range(2)
    )

    assert first == again


def test_another_seed_makes_other_segments():
    ids = [
        {packet.event_id for packet in itertools.islice(simulated_segments(seed), 3)}
        for seed in (1, 2)
    ]

    assert ids[0].isdisjoint(ids[1])
