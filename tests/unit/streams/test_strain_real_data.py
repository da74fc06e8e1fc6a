"""The files of strain that instruments really wrote: what is in them, and that all of it is read."""

import h5py
import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.play_files import play_files
from pipeline.streams.strain.files import read_file
from pipeline.streams.strain.frames import read_frames
from pipeline.streams.strain.parts import Assembly, parse_part, split_parts
from tests.strain_files import SECOND_NS

EVENTS = {"GW150914": 1_126_259_446, "LVT151012": 1_128_678_884}
FILES = [
    (f"{detector[0]}-{detector}_LOSC_4_V2-{gps_s}-32.hdf5", detector, gps_s)
    for gps_s in EVENTS.values()
    for detector in ("H1", "L1")
]


@pytest.fixture(scope="module")
def folder(survey_data):
    found = survey_data / "strain"
    if not found.is_dir():
        pytest.skip(f"no real strain in {found}")
    return found


@pytest.fixture(scope="module")
def hlv(folder):
    """One second of three detectors at 16384 Hz, 2010."""
    return (folder / "HLV-HW100916-968654552-1.gwf").read_bytes()


@pytest.mark.parametrize(("name", "detector", "gps_s"), FILES)
def test_a_file_around_a_merger_is_one_good_frame(folder, name, detector, gps_s):
    (message,) = read_file(folder / name, (folder / name).read_bytes())

    (frame,) = read_frames(message)

    assert (frame.detector, frame.gps_start_ns) == (detector, gps_s * SECOND_NS)
    assert (frame.sample_rate_hz, len(frame.strain)) == (4096, 32 * 4096)
    assert np.isfinite(frame.strain).all()  # Injmask is 23 in L1: that must not matter
    assert frame.flagged_fraction == 0
    assert frame.survey == "gwosc"


def test_the_frame_of_three_detectors_equals_its_hdf_twin(folder, hlv):
    frames = read_frames(hlv)

    assert [(frame.detector, frame.sample_rate_hz) for frame in frames] == [
        ("H1", 16384),
        ("L1", 16384),
        ("V1", 16384),
    ]
    assert {frame.gps_start_ns for frame in frames} == {968_654_552 * SECOND_NS}
    assert {frame.survey for frame in frames} == {"igwn"}  # measured, though a merger was put in
    with h5py.File(folder / "HLV-HW100916-968654552-1.hdf") as twin:
        names = ("H1:LDAS-STRAIN", "L1:LDAS-STRAIN", "V1:h_16384Hz")
        for frame, name in zip(frames, names, strict=True):
            np.testing.assert_array_equal(frame.strain, twin[name][()])


def test_the_twin_is_no_file_of_gwosc_and_says_so(folder):
    path = folder / "HLV-HW100916-968654552-1.hdf"

    with pytest.raises(DecodeError, match="no strain file of GWOSC"):
        list(read_file(path, path.read_bytes()))


def test_the_frame_of_three_detectors_comes_out_of_its_chunks(hlv):
    values = split_parts(hlv, part_id=0, gps_s=968_654_552)
    assembly = Assembly()

    found = [assembly.add(None, parse_part(value), 0).frame for value in values]

    assert found == [None, None, None, hlv]


def test_gw150914_is_played_as_32_seconds_of_two_detectors(folder):
    paths = [folder / name for name, _, gps_s in FILES if gps_s == EVENTS["GW150914"]]

    frames = [frame for message in play_files(paths) for frame in read_frames(message.value)]

    assert [frame.detector for frame in frames] == ["H1", "L1"] * 32
    (original,) = read_frames(paths[1].read_bytes())
    np.testing.assert_array_equal(
        np.concatenate([frame.strain for frame in frames[1::2]]), original.strain
    )
