import pickle
from dataclasses import fields, replace

import pytest

from pipeline import errors
from pipeline.core import MOST_RECORDS, Candidate, Origin, Record
from pipeline.decode import Decoder
from pipeline.errors import DecodeError, InvalidMessage, MissingInput, TransientError
from pipeline.schema_store import SchemaStore
from pipeline.stream import PacketFormat, Stream
from pipeline.wire import PacketReader
from tests.strategies import GOOD_PACKETS, SAMPLE, container, hits_decoder, record

DATA = container(record(x="int"), {"x": 1})


def decoder(decode):
    packet_format = PacketFormat(name="toy", needs=frozenset({"x"}), fields=("x",), decode=decode)
    stream = Stream(name="s", network="n", formats=(packet_format,))
    return Decoder(stream, PacketReader(stream.formats, SchemaStore()))


def raising(error):
    def decode(fields):
        raise error

    return decoder(decode)


def resent(error):
    """Return an error as another process gets it."""
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - it is our own


@pytest.mark.parametrize("family", GOOD_PACKETS)
def test_a_good_packet_becomes_a_candidate(family, tmp_path):
    candidate = hits_decoder(tmp_path).decode(GOOD_PACKETS[family])

    assert candidate.sample.shape == SAMPLE.shape
    assert candidate.quality == {}


@pytest.mark.parametrize(
    ("family", "schema_id"),
    [
        ("native", "skytriage.hits_candidate"),
        ("ztf", "skytriage.simulated_ztf 1.0"),
        ("lsst", "2000000"),
    ],
)
def test_a_candidate_knows_the_schema_of_its_packet(family, schema_id, tmp_path):
    assert hits_decoder(tmp_path).decode(GOOD_PACKETS[family]).schema_id == schema_id


def test_nothing_of_what_a_family_found_is_lost():
    found = Candidate(**{field.name: object() for field in fields(Candidate)})

    candidate = decoder(lambda _: found).decode(DATA)

    assert candidate == replace(found, schema_id="r")


def test_the_records_of_a_message_keep_what_is_said_of_the_message():
    said = {field.name: object() for field in fields(Record)}
    message = Record(
        **said
        | {"value": container(record(x="int"), {"x": 1}, {"x": 2}), "origin": Origin("t", 3, 7)}
    )

    first, second = decoder(lambda _: None).split(message)

    assert first == replace(message, value=first.value, origin=Origin("t", 3, 7, 0, 2))
    assert second == replace(message, value=second.value, origin=Origin("t", 3, 7, 1, 2))


def test_a_message_of_too_many_records_is_one_that_says_so():
    packets = [{"x": 1}] * (MOST_RECORDS + 1)
    message = Record(container(record(x="int"), *packets), Origin("t", 3, 7))

    assert decoder(lambda _: None).split(message) == [message]
    with pytest.raises(DecodeError, match="holds 4097 records: none, more than 4096, or"):
        decoder(lambda _: None).decode(message.value)


@pytest.mark.parametrize(
    "error", [ValueError("odd"), EOFError(), RecursionError(), ZeroDivisionError()]
)
def test_whatever_a_family_raises_is_a_bad_message(error):
    with pytest.raises(DecodeError, match=f"the toy packet cannot be read: {type(error).__name__}"):
        raising(error).decode(DATA)


def test_a_field_that_is_not_there_is_named():
    with pytest.raises(DecodeError, match="the toy packet has no field 'jd'"):
        raising(KeyError("jd")).decode(DATA)


@pytest.mark.parametrize("error", [MissingInput("no cutout"), TransientError("no registry")])
def test_an_error_of_ours_keeps_its_family(error):
    with pytest.raises(type(error)) as caught:
        raising(error).decode(DATA)

    assert caught.value is error


def test_a_registry_that_is_down_costs_no_message():
    stream = Stream(name="s", network="n", formats=())
    store = SchemaStore(registry="http://127.0.0.1:1")

    with pytest.raises(TransientError):
        Decoder(stream, PacketReader((), store)).decode(b"\0\0\0\0\7")


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_survives_the_way_between_processes(name):
    error = getattr(errors, name)("candid 7 has no cutoutScience")

    copy = resent(error)

    assert type(copy) is type(error)
    assert str(copy) == str(error)


def test_the_errors_of_decoding_survive_the_way_between_processes(tmp_path):
    hits = hits_decoder(tmp_path)
    for data in (b"", b"PK\x03\x04", GOOD_PACKETS["ztf"][:-1], GOOD_PACKETS["lsst"][:-1]):
        with pytest.raises(InvalidMessage) as caught:
            hits.decode(data)

        assert str(resent(caught.value)) == str(caught.value)
