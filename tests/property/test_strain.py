"""Whatever arrives on the stream strain, it is read or said why not, and no token is lost."""

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DecodeError, InvalidMessage
from pipeline.streams.strain.files import read_file
from pipeline.streams.strain.frames import is_frame, read_frames
from pipeline.streams.strain.gwf_check import cksum
from pipeline.streams.strain.messages import segment_message
from pipeline.streams.strain.parts import Assembly, is_part, parse_part, split_parts
from tests.strain_files import gwf, hdf5, noise, packet, strain_decoder
from tests.strategies import damaged

SEGMENT = segment_message(
    noise((3, 4096)).astype("<f4"),
    survey="simulated strain",
    segment_id="1",
    detectors=["H1", "L1", "V1"],
    sample_rate_hz=2048,
    gps_start_ns=10**18,
    data_quality={"H1": 3},
)
HDF5, GWF = hdf5(rate_hz=256), gwf(rate_hz=256)
FRAMES = [HDF5, GWF, packet(HDF5), packet(GWF, "gwf")]
PARTS = split_parts(GWF, part_id=3, gps_s=1_126_259_446, part_bytes=1000)
BEGINNINGS = [b"", b"IGWD\0", HDF5[:8], packet(HDF5)[:900], b"PART,part_id=", b"\x93NUMPY\x01\0"]


@st.composite
def npy(draw):
    """Return an array as NumPy writes it, of any shape."""
    file = io.BytesIO()
    np.save(file, np.zeros(draw(st.sampled_from([(3, 4096), (3, 7), (), (2, 4096)]))))
    return file.getvalue()


def junk():
    return st.builds(bytes.__add__, st.sampled_from(BEGINNINGS), st.binary(max_size=300))


@given(st.one_of(junk(), damaged([*FRAMES, SEGMENT, PARTS[0]])))
def test_a_frame_is_read_or_invalid(data):
    is_frame(data)
    with contextlib.suppress(InvalidMessage):
        for frame in read_frames(data):
            assert frame.strain.ndim == 1
            assert not np.isinf(frame.strain).any()
            assert 0 <= frame.flagged_fraction <= 1


@given(damaged([GWF]))
def test_a_damaged_frame_file_with_a_good_checksum_is_read_or_invalid(data):
    body = data[:-4]
    with contextlib.suppress(InvalidMessage):
        read_frames(body + cksum(body).to_bytes(4, "little"))


@given(st.one_of(junk(), damaged([SEGMENT, *FRAMES])))
def test_a_message_is_a_candidate_or_invalid(data):
    with contextlib.suppress(InvalidMessage):
        sample = strain_decoder().decode(data).sample
        assert (sample.shape, sample.dtype) == ((3, 4096), np.float32)


@given(st.one_of(junk(), damaged(PARTS)))
def test_a_chunk_is_read_or_invalid(data):
    is_part(data)
    with contextlib.suppress(DecodeError):
        part = parse_part(data)
        assert part.number < part.total
        assert part.offset + len(part.payload) <= part.frame_bytes


@given(st.one_of(junk(), npy(), damaged([HDF5, GWF]), npy().flatmap(lambda file: damaged([file]))))
def test_a_file_is_messages_or_invalid(data):
    with contextlib.suppress(InvalidMessage):
        assert all(read_file(Path("a.npy"), data))


@given(st.sampled_from(FRAMES), st.data())
def test_a_frame_cut_short_is_invalid(frame, data):
    end = data.draw(st.integers(0, len(frame) - 1))

    with pytest.raises(InvalidMessage):
        read_frames(frame[:end])


@given(
    st.binary(min_size=1, max_size=500),
    st.integers(1, 600),
    st.integers(0, 10**12 - 1),
    st.randoms(use_true_random=False),
)
def test_chunks_in_any_order_make_the_file_that_was_split(frame, part_bytes, part_id, random):
    values = split_parts(frame, part_id=part_id, gps_s=10**9, part_bytes=part_bytes)
    random.shuffle(values)
    assembly = Assembly()

    found = [assembly.add(b"H1", parse_part(value), n) for n, value in enumerate(values)]

    assert [one.frame for one in found] == [None] * (len(values) - 1) + [frame]
    assert found[-1].tokens == tuple(range(len(values)))
    assert not any(one.given_up for one in found)


@given(st.data())
def test_every_chunk_comes_back_once_whatever_is_lost_late_or_repeated(data):
    sent = [
        (key, part)
        for key in (b"H1", b"L1", None)
        for second in range(3)
        for part in map(
            parse_part,
            split_parts(b"frame" * 3, part_id=second, gps_s=10**9 + second, part_bytes=6),
        )
    ]
    arrived = data.draw(st.lists(st.sampled_from(sent), max_size=40))
    assembly, back = Assembly(), []

    for token, (key, part) in enumerate(arrived):
        try:
            found = assembly.add(key, part, token)
        except DecodeError:
            back.append(token)
            continue
        assert found.frame in (None, b"frame" * 3)
        back += found.tokens
        back += [token for lost in found.given_up for token in lost.tokens]
    back += [token for lost in assembly.give_up_late(lambda _: True) for token in lost.tokens]

    assert sorted(back) == list(range(len(arrived)))
