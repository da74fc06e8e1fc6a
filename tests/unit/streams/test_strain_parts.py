import gwframe
import pytest

from pipeline.codecs import MOST_BYTES
from pipeline.errors import DecodeError, MissingInput
from pipeline.streams.strain.parts import (
    MOST_OPEN,
    Assembly,
    is_part,
    parse_part,
    split_parts,
)
from tests.strain_files import gwf

FRAME = bytes(range(250))


def chunks(part_id=7, gps_s=1_000_000_000, frame=FRAME, part_bytes=100):
    """Return the three chunks of a file."""
    values = split_parts(frame, part_id=part_id, gps_s=gps_s, part_bytes=part_bytes)
    return [parse_part(value) for value in values]


def header(**changes):
    fields = {
        "part_id": 7,
        "part_num": 0,
        "part_tot": 2,
        "evt_id": 1_000_000_000,
        "evt_len": 10,
        "part_off": 0,
        "part_len": 5,
    } | changes
    entries = ",".join(f"{name}={value}" for name, value in fields.items() if value is not None)
    return f"PART,{entries}\0".encode()


def test_a_chunk_has_the_header_that_igwn_lldd_common_writes():
    first, *_ = split_parts(b"x" * 139_782, part_id=7, gps_s=1_126_259_446)

    assert first.startswith(
        b"PART,part_id=000000000007,part_num=000000000000,part_tot=000000000002,"
        b"evt_id=001126259446,evt_len=000000139782,part_off=000000000000,"
        b"part_len=000000100000\0x"
    )


def test_a_chunk_says_what_it_is_of():
    part = chunks()[2]

    assert (part.part_id, part.number, part.total, part.gps_s) == (7, 2, 3, 1_000_000_000)
    assert (part.frame_bytes, part.offset, part.payload) == (250, 200, FRAME[200:])


def test_zeros_in_a_chunk_are_no_end_of_its_header():
    assert parse_part(header() + b"\0\0\0\0\0").payload == b"\0\0\0\0\0"


def test_fields_that_are_new_are_passed_over():
    assert parse_part(header(checksum="abc") + b"12345").part_id == 7


def test_only_chunks_are_chunks():
    assert is_part(header())
    assert not is_part(gwf())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"IGWD", "no chunk of a frame: b'IGWD'"),
        (b"PART,part_id=1", "no chunk of a frame"),
        (header(part_id=None, evt_len=None) + b"12345", "has no part_id, evt_len"),
        (header(part_num="x") + b"12345", "b'part_num=x', which is no whole number"),
        (header(part_num=-1) + b"12345", "b'part_num=-1', which is no whole number"),
        (header() + b"1234", "should have 5 bytes, and has 4"),
        (header(part_num=2) + b"12345", "chunk 2 of 2 of file 7 at GPS 1000000000 cannot be"),
        (header(part_tot=11) + b"12345", "chunk 0 of 11 .* the file has 10 bytes"),
        (header(evt_len=MOST_BYTES + 1) + b"12345", f"has {MOST_BYTES + 1} bytes, at most"),
        (header(part_off=6) + b"12345", "ends at byte 11, and the file at 10"),
    ],
)
def test_what_is_wrong_with_a_chunk_is_named(value, reason):
    with pytest.raises(DecodeError, match=reason):
        parse_part(value)


@pytest.fixture
def assembly():
    return Assembly()


def test_the_last_chunk_gives_the_frame_and_all_tokens(assembly):
    before = [assembly.add(b"H1", part, part.number) for part in chunks()[:2]]

    last = assembly.add(b"H1", chunks()[2], 2)

    assert [one.frame for one in before] == [None, None]
    assert (last.frame, last.tokens, last.given_up) == (FRAME, (0, 1, 2), ())


def test_detectors_do_not_disturb_each_other(assembly):
    # Both count their files from 0, and both send this second.
    for part in chunks()[:2]:
        assembly.add(b"H1", part, "H1")
        assembly.add(b"L1", part, "L1")

    assert assembly.add(b"L1", chunks()[2], "L1").tokens == ("L1",) * 3
    assert assembly.add(b"H1", chunks()[2], "H1").tokens == ("H1",) * 3


def test_a_newer_file_ends_the_hope_for_an_incomplete_one(assembly):
    assembly.add(b"H1", chunks()[0], "first")
    assembly.add(b"H1", chunks()[2], "third")

    (lost,) = assembly.add(b"H1", chunks(8, 1_000_000_001)[0], "next").given_up

    assert lost.tokens == ("first", "third")
    assert isinstance(lost.error, MissingInput)
    assert str(lost.error) == (
        "of 3 chunks of file 7 at GPS 1000000000 only 0, 2 came: a file at GPS 1000000001 followed"
    )


def test_a_producer_that_began_anew_is_newer_though_its_number_is_not(assembly):
    assembly.add(b"H1", chunks(900)[0], "old")

    (lost,) = assembly.add(b"H1", chunks(0, 1_000_000_001)[0], "new").given_up

    assert lost.tokens == ("old",)


def test_a_late_file_does_not_end_a_newer_one(assembly):
    new, late = chunks(8, 1_000_000_001), chunks(7, 1_000_000_000)
    assembly.add(b"H1", new[0], "new")
    for part in late[:2]:
        assert assembly.add(b"H1", part, "late").given_up == ()

    assert assembly.add(b"H1", late[2], "late").frame == FRAME
    assembly.add(b"H1", new[1], "new")
    assert assembly.add(b"H1", new[2], "new").frame == FRAME


def test_a_file_waits_for_one_late_file_and_no_more(assembly):
    # Or old files that somebody plays once more would hold an open one back for ever.
    assembly.add(b"H1", chunks(8, 1_000_000_001)[0], "new")
    assembly.add(b"H1", chunks(0, 900_000_000)[0], "played")

    lost = assembly.add(b"H1", chunks(1, 900_000_001)[0], "played").given_up

    assert [one.tokens for one in lost] == [("new",), ("played",)]


def test_a_chunk_that_comes_again_costs_only_itself(assembly):
    assembly.add(b"H1", chunks()[0], 0)
    with pytest.raises(DecodeError, match=r"chunk 0 of 3 of file 7 .* came again"):
        assembly.add(b"H1", chunks()[0], 99)
    assembly.add(b"H1", chunks()[1], 1)

    assert assembly.add(b"H1", chunks()[2], 2).tokens == (0, 1, 2)


def test_a_chunk_of_a_complete_file_is_not_waited_for_again(assembly):
    for part in chunks():
        assembly.add(b"H1", part, 0)

    with pytest.raises(DecodeError, match="came again: the file was complete"):
        assembly.add(b"H1", chunks()[1], 99)


def test_chunks_that_do_not_agree_on_their_file_are_named(assembly):
    assembly.add(b"H1", chunks()[0], 0)

    with pytest.raises(DecodeError, match="file of 150 bytes, and another said 3 chunks and 250"):
        assembly.add(b"H1", chunks(frame=FRAME[:150])[1], 1)


def test_chunks_that_do_not_follow_on_each_other_are_given_up(assembly):
    assembly.add(b"H1", parse_part(header() + b"12345"), 0)

    (lost,) = assembly.add(b"H1", parse_part(header(part_num=1) + b"12345"), 1).given_up

    assert lost.tokens == (0, 1)
    assert "do not follow on each other" in str(lost.error)


def test_files_that_wait_for_too_long_can_be_given_up(assembly):
    assembly.add(b"H1", chunks(1, 1_000_000_000)[0], 1)
    assembly.add(b"H1", chunks(1, 1_000_000_000)[1], 3)
    assembly.add(b"L1", chunks(1, 1_000_000_005)[0], 2)

    assert [one.tokens for one in assembly.give_up_late(lambda came: came <= 1)] == [(1, 3)]
    assert [one.tokens for one in assembly.give_up_late(lambda came: came <= 2)] == [(2,)]


def test_no_more_files_are_open_than_a_few(assembly):
    lost = [
        given_up.tokens
        for number in range(2 * MOST_OPEN)
        for given_up in assembly.add(str(number).encode(), chunks()[0], number).given_up
    ]

    assert lost == [(number,) for number in range(MOST_OPEN)]


def test_no_more_bytes_are_held_than_a_file_may_have(assembly):
    half = b"x" * (MOST_BYTES // 2)
    parts = [
        parse_part(header(part_id=n, evt_len=len(half) + 1, part_len=len(half)) + half)
        for n in range(3)
    ]

    lost = [assembly.add(str(n).encode(), part, n).given_up for n, part in enumerate(parts)]

    assert [[one.tokens for one in given_up] for given_up in lost] == [[], [], [(0,)]]


def test_a_real_frame_comes_out_of_its_chunks_as_it_went_in(assembly):
    frame = gwf()
    values = split_parts(frame, part_id=0, gps_s=1)

    out = [assembly.add(None, parse_part(value), 0).frame for value in values]

    assert [len(value) <= 100_200 for value in values] == [True, True]
    assert out == [None, frame]
    assert gwframe.read_bytes(out[1], "H1:GDS-CALIB_STRAIN").sample_rate == 16384
