from collections import Counter

import gwframe
import numpy as np
import pytest

from pipeline.errors import ConfigurationError
from pipeline.play_files import play_files
from pipeline.streams.strain.frames import read_frames
from pipeline.streams.strain.parts import Assembly, is_part, parse_part
from tests.strain_files import GPS_S, SECOND_NS, gwf, hdf5, noise


@pytest.fixture
def files(tmp_path):
    """Three seconds of H1, and two of L1 that begin a second later."""
    made = {
        "h.hdf5": hdf5(seconds=3),
        "l.hdf5": hdf5(detector="L1", seconds=2, gps_s=GPS_S + 1, strain=noise(8192, 2)),
    }
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in made]


def frames(messages):
    return [frame for message in messages for frame in read_frames(message.value)]


def test_detectors_are_in_step_by_gps_time(files):
    played = frames(play_files(files))

    assert [(frame.gps_start_ns // SECOND_NS - GPS_S, frame.detector) for frame in played] == [
        (0, "H1"),
        (1, "H1"),
        (1, "L1"),
        (2, "H1"),
        (2, "L1"),
    ]


def test_every_message_is_a_second_and_keyed_by_its_detector(files):
    messages = list(play_files(files))

    assert [message.key for message in messages] == [b"H1", b"H1", b"L1", b"H1", b"L1"]
    assert {frame.duration_ns for frame in frames(messages)} == {SECOND_NS}


def test_no_sample_is_lost_or_changed(files):
    played = frames(play_files(files))

    found = np.concatenate([frame.strain for frame in played if frame.detector == "L1"])
    np.testing.assert_array_equal(found, noise(8192, 2))


def test_a_message_says_which_file_it_is_from(files):
    places = [(message.file, message.index) for message in play_files(files)]

    assert places == [(files[0], 0), (files[0], 1), (files[1], 0), (files[0], 2), (files[1], 1)]


def test_bits_are_played_with_their_second(tmp_path):
    (tmp_path / "h.hdf5").write_bytes(hdf5(seconds=3, words=[127, 1, 3]))

    played = frames(play_files([tmp_path / "h.hdf5"]))

    assert [frame.flagged_fraction for frame in played] == [0, 1, 0]


def test_a_gwf_file_is_played_as_gwf_of_each_detector(tmp_path):
    (tmp_path / "hl.gwf").write_bytes(gwf("H1", "L1", seconds=2, words=[3, 0]))

    messages = list(play_files([tmp_path / "hl.gwf"]))

    assert all(b"IGWD" in message.value for message in messages)
    played = frames(messages)
    assert [frame.detector for frame in played] == ["H1", "L1", "H1", "L1"]
    assert [frame.flagged_fraction for frame in played] == [0, 0, 1, 1]
    np.testing.assert_array_equal(played[1].strain, noise(2 * 16384, 1)[:16384])


def test_chunks_give_back_what_was_played(files):
    assembly = Assembly()
    messages = list(play_files(files, in_parts=True))
    assert all(is_part(message.value) for message in messages)

    whole = [assembly.add(m.key, parse_part(m.value), m.key).frame for m in messages]

    found = [read_frames(frame)[0] for frame in whole if frame is not None]
    assert Counter(frame.detector for frame in found) == {"H1": 3, "L1": 2}
    np.testing.assert_array_equal(
        np.concatenate([frame.strain for frame in found if frame.detector == "H1"]), noise(3 * 4096)
    )


def test_in_real_time_every_second_is_due_a_second_after_the_one_before(files):
    due = [message.at_s for message in play_files(files, realtime=True)]

    assert due == [0, 1, 1, 2, 2]


def test_time_that_no_file_is_of_is_skipped(tmp_path):
    for name, gps_s in (("a.hdf5", GPS_S), ("b.hdf5", GPS_S + 86_400)):
        (tmp_path / name).write_bytes(hdf5(gps_s=gps_s))

    due = [message.at_s for message in play_files(sorted(tmp_path.iterdir()), realtime=True)]

    assert due == [0, 1]


def test_as_fast_as_it_goes_nothing_is_due(files):
    assert {message.at_s for message in play_files(files)} == {None}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "only HDF5 of GWOSC and GWF can be played"),
        (hdf5()[:900], "no strain file of GWOSC"),
        (gwf(rate_hz=64)[:-1], "the GWF file is damaged"),
    ],
)
def test_a_file_that_cannot_be_played_stops_it_before_anything_is_sent(tmp_path, data, reason):
    path = tmp_path / "a.hdf5"
    path.write_bytes(data)

    with pytest.raises(ConfigurationError, match=rf"a.hdf5 cannot be played: .*{reason}"):
        play_files([path])


def test_a_file_that_is_not_of_whole_seconds_is_named(tmp_path):
    path = tmp_path / "half.gwf"
    path.write_bytes(
        gwframe.write_bytes(noise(96), start=1e9, sample_rate=64.0, name="H1:LDAS-STRAIN")
    )

    with pytest.raises(ConfigurationError, match=r"96 samples at 64 Hz .* are no whole seconds"):
        play_files([path])


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone.hdf5 cannot be read: No such file"):
        play_files([tmp_path / "gone.hdf5"])
