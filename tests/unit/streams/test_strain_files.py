import io
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.streams.strain.files import read_file
from pipeline.streams.strain.frames import read_frames
from tests.strain_files import GPS_S, SECOND_NS, gwf, hdf5, noise, strain_decoder


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_array_of_g2net_is_a_segment_named_like_its_file(dtype):
    strain = noise((3, 4096)).astype(dtype)

    (message,) = read_file(Path("train/a/b/abc0123456.npy"), npy(strain))

    candidate = strain_decoder().decode(message)
    assert (candidate.event.survey, candidate.event.event_id) == ("g2net", "abc0123456")
    assert candidate.schema_id == "skytriage.strain_segment 1.0"
    np.testing.assert_array_equal(candidate.sample, strain.astype(np.float32))


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 4095)), r"float64 of shape \(3, 4095\)"),
        (np.zeros((3, 4096), np.int16), r"int16 of shape \(3, 4096\)"),
        (np.zeros((3, 4096), np.complex64), r"complex64 of shape \(3, 4096\)"),
    ],
)
def test_an_array_that_is_no_segment_is_named(array, reason):
    with pytest.raises(DecodeError, match=reason):
        list(read_file(Path("a.npy"), npy(array)))


def test_an_array_of_objects_is_not_unpickled():
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)

    with pytest.raises(DecodeError, match="the NumPy array cannot be read"):
        list(read_file(Path("a.npy"), file.getvalue()))


@pytest.mark.parametrize(
    ("data", "survey", "detectors"),
    [
        (hdf5(seconds=2), "gwosc", ["H1"]),
        (gwf("H1", "L1", seconds=2), "igwn", ["H1", "L1"]),
        (hdf5(seconds=2, is_simulated=True), "simulated strain", ["H1"]),
        (gwf("H1", "L1", seconds=2, is_simulated=True), "simulated strain", ["H1", "L1"]),
    ],
    ids=["hdf5", "gwf", "simulated hdf5", "simulated gwf"],
)
def test_a_file_of_strain_is_one_frame_whatever_its_name(data, survey, detectors):
    (message,) = read_file(Path("strain.txt"), data)

    frames = read_frames(message)
    assert [frame.detector for frame in frames] == detectors
    assert {frame.survey for frame in frames} == {survey}
    assert {frame.gps_start_ns for frame in frames} == {GPS_S * SECOND_NS}
    assert {frame.duration_ns for frame in frames} == {2 * SECOND_NS}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xd8\xff", "the file is a JPEG image, and no strain"),
        (b"", "the file is empty, and no strain"),
        (b"PK\x03\x04", "the file is a zip archive"),
        (hdf5()[:1000], "no strain file of GWOSC"),
    ],
)
def test_what_is_no_strain_is_named(data, reason):
    with pytest.raises(DecodeError, match=reason):
        list(read_file(Path("a.hdf5"), data))
