"""Whatever arrives, decoding gives a candidate or says why there is none."""

import contextlib
import io

import fastavro
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import DecodeError, InvalidMessage
from pipeline.simulation.hits_packets import Sky, lsst_packet, native_packet, ztf_packet
from pipeline.wire import join_containers, split_container
from tests.strategies import (
    GOOD_PACKETS,
    RNG,
    SAMPLE,
    container,
    damaged,
    gzipped_stamp,
    hits_decoder,
    record,
)


@pytest.fixture(scope="module")
def hits(tmp_path_factory):
    return hits_decoder(tmp_path_factory.mktemp("schemas"))


def decode_or_say_why(hits, data):
    with contextlib.suppress(InvalidMessage):
        candidate = hits.decode(data)
        assert candidate.sample.shape == (4, 21, 21)
        assert candidate.sample.dtype == np.float32
        assert all(value > 0 for value in candidate.quality.values())


@given(st.binary(max_size=200))
def test_random_bytes_are_no_accident(hits, data):
    decode_or_say_why(hits, data)


@given(st.binary(max_size=200), st.sampled_from([b"Obj\x01", b"\0\0\x1e\x84\x80", b"\0\0\0\0\1"]))
def test_random_bytes_behind_a_good_beginning_are_no_accident(hits, data, start):
    decode_or_say_why(hits, start + data)


@given(damaged())
def test_a_damaged_packet_is_decoded_or_invalid(hits, data):
    decode_or_say_why(hits, data)


@given(st.sampled_from(sorted(GOOD_PACKETS)), st.data())
def test_a_packet_cut_short_is_invalid(hits, family, data):
    packet = GOOD_PACKETS[family]
    end = data.draw(st.integers(0, len(packet) - 1))

    with pytest.raises(InvalidMessage):
        hits.decode(packet[:end])


STAMP = gzipped_stamp(SAMPLE[0])
CUTOUT = record("cutout", stampData="bytes")
ZTF = record(
    objectId="string",
    candid="long",
    candidate=record("candidate", jd="double", rcid="int"),
    cutoutScience=CUTOUT,
    cutoutTemplate="cutout",
    cutoutDifference="cutout",
)


@given(damaged([STAMP]))
def test_a_damaged_cutout_is_decoded_or_invalid(hits, stamp):
    good, bad = {"stampData": STAMP}, {"stampData": stamp}
    value = {
        "objectId": "",
        "candid": 1,
        "candidate": {"jd": 2458493.5, "rcid": 1},
        "cutoutScience": good,
        "cutoutTemplate": bad,
        "cutoutDifference": good,
    }
    decode_or_say_why(hits, container(ZTF, value))


@given(st.integers(0, 2**63 - 1))
@example(2**53 + 1)
@example(2**63 - 1)
def test_every_digit_of_an_id_survives(hits, event_id):
    sky = Sky(event_id=event_id, mjd_utc=61041.0, ra_deg=1.0, dec_deg=2.0)
    for packet in (native_packet(SAMPLE, sky), lsst_packet(SAMPLE, sky, RNG)):
        event = hits.decode(packet).event

        assert event.event_id_long == event_id
        assert event.event_id == str(event_id)


@given(st.integers(0, 2**32 - 1), st.sampled_from(["native", "ztf", "lsst"]))
def test_every_bit_of_a_stamp_survives(hits, seed, family):
    rng = np.random.default_rng(seed)
    sample = rng.integers(0, 2**32, (4, 21, 21), np.uint32).view(np.float32)
    sky = Sky(event_id=1, mjd_utc=61041.0, ra_deg=1.0, dec_deg=2.0)
    with np.errstate(all="ignore"):
        packet = {
            "native": lambda: native_packet(sample, sky),
            "ztf": lambda: ztf_packet(sample, sky, rng),
            "lsst": lambda: lsst_packet(sample, sky, rng),
        }[family]()
    decoded = hits.decode(packet).sample

    channels = 4 if family == "native" else 3  # the others send no SNR difference
    same = decoded[:channels].view(np.uint32) == sample[:channels].view(np.uint32)
    assert (same | np.isnan(sample[:channels])).all()  # a NaN may lose its payload


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=5), st.booleans())
def test_splitting_a_container_loses_no_record(numbers, blocks):
    schema = record(candid="long")
    options = {"sync_interval": 1} if blocks else {}
    data = container(schema, *({"candid": number} for number in numbers), **options)

    found = [next(fastavro.reader(io.BytesIO(part)))["candid"] for part in split_container(data)]

    assert found == numbers


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5))
def test_joining_what_was_split_gives_the_records_again(values):
    data = container(record(a="bytes"), *({"a": value} for value in values), codec="deflate")

    joined = join_containers(split_container(data))

    assert [one["a"] for one in fastavro.reader(io.BytesIO(joined))] == values


def test_records_of_different_schemas_are_not_joined():
    one, other = (container(record(**{name: "long"}), {name: 1}) for name in "ab")

    with pytest.raises(DecodeError, match="different schemas"):
        join_containers([one, other])


@given(damaged([container(record(candid="long"), {"candid": 1}, {"candid": 2})]))
def test_a_damaged_container_is_split_or_invalid(data):
    with contextlib.suppress(DecodeError):
        assert all(part.startswith(b"Obj\x01") for part in split_container(data))
