import io
import sys
from types import MappingProxyType

import gwframe
import h5py
import numpy as np
import pytest

from pipeline.errors import DecodeError
from pipeline.streams.strain.channels import CHANNELS, DetectorChannels
from pipeline.streams.strain.chunk import split_parts
from pipeline.streams.strain.frames import is_frame, nanoseconds, read_frames
from pipeline.streams.strain.gwf_check import check_gwf
from pipeline.streams.strain.messages import segment_message
from tests.strain_files import GPS_S, SECOND_NS, gwf, hdf5, noise, packet, strain_decoder

SEGMENT = segment_message(
    noise((1, 4096)), survey="hits", segment_id="1", detectors=["H1"], sample_rate_hz=2048
)


@pytest.mark.parametrize("rate_hz", [4096, 16384])
def test_a_file_of_gwosc_is_a_frame(rate_hz):
    (frame,) = read_frames(hdf5(rate_hz=rate_hz, seconds=2))

    assert (frame.detector, frame.sample_rate_hz) == ("H1", rate_hz)
    assert (frame.gps_start_ns, frame.duration_ns) == (GPS_S * SECOND_NS, 2 * SECOND_NS)
    assert frame.strain.dtype == np.float64
    np.testing.assert_array_equal(frame.strain, noise(2 * rate_hz))
    assert frame.flagged_fraction == 0


def test_a_gwf_file_is_a_frame_for_each_of_its_detectors():
    frames = read_frames(gwf("V1", "H1", "L1"))

    assert [frame.detector for frame in frames] == ["H1", "L1", "V1"]
    assert {frame.gps_start_ns for frame in frames} == {GPS_S * SECOND_NS}
    np.testing.assert_array_equal(frames[2].strain, noise(16384, 0))


def test_a_gwf_file_of_several_frames_gives_all_of_them(tmp_path):
    with gwframe.FrameWriter(str(tmp_path / "two.gwf")) as file:
        for second in range(2):
            file.write(
                noise(16384, second),
                start=float(GPS_S + second),
                sample_rate=16384.0,
                name="L1:GDS-CALIB_STRAIN",
            )

    frames = read_frames((tmp_path / "two.gwf").read_bytes())

    assert [frame.gps_start_ns for frame in frames] == [GPS_S * SECOND_NS, (GPS_S + 1) * SECOND_NS]


@pytest.mark.parametrize(("make", "rate_hz"), [(hdf5, 4096), (gwf, 16384)], ids=["hdf5", "gwf"])
def test_seconds_whose_bits_say_bad_are_nan(make, rate_hz):
    (frame,) = read_frames(make(seconds=4, words=[3, 1, 2, 127]))

    is_bad = np.isnan(frame.strain.reshape(4, rate_hz))
    assert (is_bad == np.array([[False], [True], [True], [False]])).all()
    assert frame.flagged_fraction == 0.5


def test_injections_do_not_spoil_strain():
    # In L1 at GW150914 a continuous-wave injection was on, and DQmask says good.
    (frame,) = read_frames(hdf5(words=[0b11]))

    assert np.isfinite(frame.strain).all()


def test_samples_that_are_missing_are_nan_and_not_flagged():
    strain = noise(4096)
    strain[5], strain[6] = np.nan, np.inf

    (frame,) = read_frames(hdf5(strain=strain))

    assert np.flatnonzero(np.isnan(frame.strain)).tolist() == [5, 6]
    assert frame.flagged_fraction == 0


def test_a_frame_without_a_state_channel_is_used():
    data = gwframe.write_bytes(
        noise(16384), start=float(GPS_S), sample_rate=16384.0, name="L1:LDAS-STRAIN"
    )

    (frame,) = read_frames(data)

    assert np.isfinite(frame.strain).all()


def test_names_of_channels_are_the_callers():
    data = gwframe.write_bytes(noise(64), start=float(GPS_S), sample_rate=64.0, name="K1:TEST")
    channels = MappingProxyType({"K1": DetectorChannels(strain=("K1:TEST",), state=())})

    (frame,) = read_frames(data, channels)

    assert (frame.detector, frame.sample_rate_hz) == ("K1", 64)


def test_the_first_channel_that_a_frame_has_is_taken():
    second, first = CHANNELS["H1"].strain[1], CHANNELS["H1"].strain[0]
    data = gwframe.write_bytes(
        {second: noise(64, 2), first: noise(64, 1)}, start=float(GPS_S), sample_rate=64.0
    )

    (frame,) = read_frames(data)

    np.testing.assert_array_equal(frame.strain, noise(64, 1))


@pytest.mark.parametrize("form", ["hdf5", "gwf"])
def test_a_container_of_a_frame_says_who_sent_it(form):
    data = packet(hdf5()) if form == "hdf5" else packet(gwf(), "gwf")

    (frame,) = read_frames(data)

    assert frame.survey == "simulated strain"
    assert frame.gps_start_ns == GPS_S * SECOND_NS


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"detectors": ["L1"]}, r"detectors is \['L1'\], and the file's is \['H1'\]"),
        ({"gps_start_ns": 7}, f"gpsStartNs is 7, and the file's is {GPS_S * SECOND_NS}"),
        ({"duration_ns": 7}, f"durationNs is 7, and the file's is {SECOND_NS}"),
        ({"file_format": "gwf"}, "the format is gwf, and the file is an HDF5 file"),
        ({"file_format": "csv"}, "the format is 'csv', and should be gwf or gwosc_hdf5"),
    ],
)
def test_a_container_that_says_what_is_not_so_is_refused(changes, reason):
    with pytest.raises(DecodeError, match=reason):
        read_frames(packet(hdf5(), **changes))


@pytest.mark.parametrize("frame", [hdf5(), gwf(), packet(hdf5())], ids=["hdf5", "gwf", "avro"])
def test_a_frame_is_recognised_by_its_content(frame):
    assert is_frame(frame)


@pytest.mark.parametrize(
    "other",
    [b"", b"Obj\x01", b"IGW", b'{"a": 1}', SEGMENT, split_parts(gwf(), part_id=0, gps_s=1)[0]],
)
def test_other_messages_are_no_frames(other):
    assert not is_frame(other)
    with pytest.raises(DecodeError):
        read_frames(other)


def test_strain_of_a_detector_that_nobody_knows_is_named():
    with pytest.raises(DecodeError, match="strain of detector 'K1', not H1, L1, V1"):
        read_frames(hdf5(detector="K1"))


def test_a_gwf_file_without_strain_says_what_it_has():
    data = gwframe.write_bytes(noise(16), start=1e9, sample_rate=16.0, name="H1:ISC-TEMPERATURE")

    with pytest.raises(DecodeError, match=r"no strain channel .* it has H1:ISC-TEMPERATURE"):
        read_frames(data)


def test_strain_that_is_no_float_is_named():
    data = gwframe.write_bytes(
        np.arange(16, dtype=np.int16), start=1e9, sample_rate=16.0, name="H1:GDS-CALIB_STRAIN"
    )

    with pytest.raises(DecodeError, match="H1:GDS-CALIB_STRAIN holds int16"):
        read_frames(data)


@pytest.mark.parametrize(
    ("name", "shape"),
    [("strain/Strain", (2**40,)), ("quality/simple/DQmask", (2**40,)), ("meta/Detector", (9,))],
)
def test_a_shape_that_would_take_for_ever_to_read_is_named(name, shape):
    file = io.BytesIO(hdf5())
    with h5py.File(file, "a") as content:
        del content[name]
        values = content.create_dataset(name, shape, "f8", chunks=True)
        values.attrs.update({"Xstart": GPS_S, "Xspacing": 1 / 4096})

    with pytest.raises(DecodeError, match=rf"{name} has the shape \({shape[0]},\)"):
        read_frames(file.getvalue())


def test_strain_that_is_no_numbers_is_named():
    with pytest.raises(DecodeError, match=r"strain/Strain is of type \|S9, no numbers"):
        read_frames(hdf5(strain=np.full(4096, b"123456789")))


def test_a_heap_that_the_library_would_follow_for_ever_is_refused():
    endless = bytearray(hdf5())
    heap = endless.index(b"GCOL")
    endless[heap + 16 : heap + 32] = bytes(16)  # free space of length 0

    with pytest.raises(DecodeError, match=rf"damaged: 0 bytes at byte {heap + 16} of a heap"):
        read_frames(bytes(endless))


def test_words_that_do_not_fit_the_strain_are_named():
    with pytest.raises(DecodeError, match="DQmask has 3 words for 4096 samples at 4096 Hz"):
        read_frames(hdf5(words=[1, 1, 1]))


def test_strain_is_not_read_from_a_file_with_another_checksum():
    damaged = bytearray(gwf())
    damaged[len(damaged) // 2] ^= 1  # in the strain

    with pytest.raises(DecodeError, match="does not have the checksum that it names"):
        read_frames(bytes(damaged))


def test_a_file_whose_library_would_follow_it_for_ever_is_refused():
    # A structure of length 0: the library never gets behind it.
    endless = bytearray(gwf())
    endless[40:48] = bytes(8)

    with pytest.raises(DecodeError, match="a structure of 0 bytes at byte 40 of"):
        read_frames(bytes(endless))


def test_a_structure_has_a_checksum_where_the_file_has_none():
    damaged = bytearray(gwf())
    damaged[39] = 0  # says that the file has none
    damaged[len(damaged) // 2] ^= 1

    with pytest.raises(DecodeError, match=r"the GWF structure at byte [0-9]+ does not have"):
        read_frames(bytes(damaged))


def test_a_structure_that_reaches_beyond_the_file_is_named():
    data = gwf()

    with pytest.raises(DecodeError, match=rf"at byte [0-9]+ of {len(data) - 1}"):
        read_frames(data[:-1])


def test_a_file_of_the_other_byte_order_is_followed_too():
    size = 20
    structure = size.to_bytes(8, "big") + bytes(size - 8)
    header = b"IGWD\0\x08\x01\x02\x04\x08\x04\x08\x12\x34" + bytes(26)

    check_gwf(header + structure)  # without a checksum, as the last byte of the header says


def test_without_the_optional_package_the_extra_is_named(monkeypatch):
    data = gwf()
    monkeypatch.setitem(sys.modules, "gwframe", None)

    with pytest.raises(DecodeError, match=r"skytriage\[gwf\]"):  # a dead letter: others go on
        read_frames(data)


def test_a_frame_among_segments_says_why_it_is_not_judged():
    with pytest.raises(DecodeError, match="judged together with its neighbours"):
        strain_decoder().decode(packet(hdf5()))


def test_no_digit_of_a_time_is_lost():
    assert nanoseconds(1_126_259_462.0625) == 1_126_259_462_062_500_000


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), 1e12])
def test_what_is_no_time_is_named(seconds):
    with pytest.raises(DecodeError, match="is no GPS time"):
        nanoseconds(seconds)
