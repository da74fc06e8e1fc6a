"""Avro containers as packets: one whole record in any codec, and batches split into such."""

import io

import fastavro
import pytest

from pipeline.errors import DecodeError
from pipeline.wire import split_container
from tests.avro_packets import SCHEMA, VALUE, read
from tests.strategies import BIG_ID, container, record


def test_a_container_cut_short_anywhere_is_invalid():
    data = container(SCHEMA, VALUE)
    for end in range(len(data)):
        with pytest.raises(DecodeError):
            read(data[:end])


def test_a_container_without_its_closing_marker_is_truncated():
    with pytest.raises(DecodeError, match="truncated"):
        read(container(SCHEMA, VALUE)[:-1])


def test_a_container_whose_closing_marker_differs_is_invalid():
    data = bytearray(container(SCHEMA, VALUE))
    data[-1] ^= 1

    with pytest.raises(DecodeError, match="sync marker"):
        read(bytes(data))


@pytest.mark.parametrize("records", [(), (VALUE, VALUE)])
def test_a_container_of_another_number_of_records_says_how_many(records):
    with pytest.raises(DecodeError, match=f"holds {len(records)} records"):
        read(container(SCHEMA, *records))


def test_records_in_several_blocks_are_counted_together():
    with pytest.raises(DecodeError, match="holds 3 records"):
        read(container(SCHEMA, VALUE, VALUE, VALUE, sync_interval=1))


@pytest.mark.parametrize("codec", ["deflate", "snappy", "zstandard"])
def test_a_short_message_cannot_fill_the_memory(codec):
    bomb = container(
        record(a="bytes", candid="int", candidate="int"),
        {"a": bytes(2**26 + 1), "candid": 1, "candidate": 1},
        codec=codec,
    )

    with pytest.raises(DecodeError, match=r"hold(s)? .*\d{8} bytes"):
        read(bomb)


def test_a_snappy_block_is_checked_against_its_checksum():
    data = container(SCHEMA, VALUE, codec="snappy")
    flipped = data[:-17] + bytes([data[-17] ^ 1]) + data[-16:]

    with pytest.raises(DecodeError, match="checksum"):
        read(flipped)


def test_an_unknown_codec_is_named():
    data = container(SCHEMA, VALUE, codec="deflate").replace(b"deflate", b"defiant")

    with pytest.raises(DecodeError, match="defiant"):
        read(data)


def test_a_container_of_one_record_is_not_split():
    data = container(SCHEMA, VALUE)

    assert split_container(data) == [data]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
@pytest.mark.parametrize("sync_interval", [1, 100_000], ids=["blocks", "block"])
def test_each_record_of_a_container_becomes_one_of_its_own(codec, sync_interval):
    values = [{**VALUE, "candid": BIG_ID + number} for number in range(3)]

    parts = split_container(container(SCHEMA, *values, codec=codec, sync_interval=sync_interval))

    assert [read(part)[1]["candid"] for part in parts] == [BIG_ID, BIG_ID + 1, BIG_ID + 2]
    assert [list(fastavro.reader(io.BytesIO(part))) for part in parts] == [[v] for v in values]


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", b"", container(SCHEMA), container(SCHEMA, VALUE, VALUE)[:-20]],
    ids=["zip", "empty", "no record", "truncated"],
)
def test_what_cannot_be_split_is_an_error(data):
    with pytest.raises(DecodeError):
        split_container(data)
