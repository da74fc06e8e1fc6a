"""Packets in every wire format: which fields are read, by which format, and what is no packet."""

import pytest

from pipeline.errors import ConfigurationError, DecodeError
from pipeline.schema_store import SchemaStore
from pipeline.stream import PacketFormat
from pipeline.wire import PacketReader
from tests.avro_packets import FORMAT, SCHEMA, VALUE, Store, read
from tests.strategies import BIG_ID, container, framed, record, schemaless

WANTED = {
    "candid": BIG_ID,
    "candidate": {"jd": 2458493.5, "tags": {"a": 1}},  # fastavro must not step over maps
    "cutoutScience": {"stampData": b"science"},
}


def fields_of(data, *paths):
    wanted = PacketFormat(name="x", needs=frozenset(), fields=paths, decode=lambda fields: fields)
    return read(data, formats=(wanted,))[1]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_a_container_gives_the_fields_that_were_asked_for(codec):
    packet_format, fields, _ = read(container(SCHEMA, VALUE, codec=codec))

    assert packet_format is FORMAT
    assert fields == WANTED


def test_a_confluent_frame_is_read_with_the_schema_of_its_id():
    _, fields, schema_id = read(framed(SCHEMA, VALUE, 702), store=Store({702: SCHEMA}))

    assert fields == WANTED
    assert schema_id == "702"


def test_anything_else_is_read_with_the_schema_that_is_configured():
    _, fields, _ = read(schemaless(SCHEMA, VALUE), schema=SCHEMA)

    assert fields == WANTED


@pytest.mark.parametrize(
    "options",
    [{"wire": "schemaless", "store": Store({1: SCHEMA})}, {"wire": "auto"}],
    ids=["told so", "no schemas of frames"],
)
def test_a_schemaless_packet_that_begins_like_a_frame_is_read(options):
    schema = record(a="double", candid="long", candidate="double")
    data = schemaless(schema, {"a": 0.0, "candid": 7, "candidate": 1.0})

    assert read(data, schema=schema, **options)[1] == {"candid": 7, "candidate": 1.0}


def test_schemaless_packets_need_a_schema():
    with pytest.raises(ConfigurationError, match="need a schema"):
        PacketReader((FORMAT,), SchemaStore(), wire="schemaless")


def test_a_container_is_named_by_its_record_and_version():
    schema = {**SCHEMA, "name": "alert", "namespace": "ztf", "version": "3.3"}

    assert read(container(schema, VALUE))[2] == "ztf.alert 3.3"


def test_ids_above_2_to_the_53_keep_their_digits():
    assert read(container(SCHEMA, VALUE))[1]["candid"] == 9007199254740993


def test_logical_types_stay_the_digits_that_were_sent():
    schema = record(at={"type": "long", "logicalType": "timestamp-micros"})

    assert fields_of(container(schema, {"at": 1_700_000_000_000_000}), "at") == {
        "at": 1_700_000_000_000_000
    }


def test_the_first_format_that_is_recognised_wins():
    other = PacketFormat(name="b", needs=frozenset({"candid"}), fields=(), decode=FORMAT.decode)

    assert read(container(SCHEMA, VALUE), formats=(other, FORMAT))[0] is other


def test_a_record_that_no_format_knows_is_named_with_its_fields():
    with pytest.raises(DecodeError, match="packets like flare, with the fields a, b"):
        read(container(record("flare", a="int", b="int"), {"a": 1, "b": 2}))


def test_a_fault_is_told_of_every_packet_that_has_it():
    reader = PacketReader((FORMAT,), SchemaStore())

    for n in range(3):
        with pytest.raises(DecodeError, match="knows no packets like other"):
            reader.read(container(record("other", n="int"), {"n": n}))


def test_the_schema_of_a_container_is_planned_once():
    reader = PacketReader((FORMAT,), SchemaStore())
    for _ in range(3):
        reader.read(container(SCHEMA, VALUE))  # each with a sync marker of its own

    assert reader._container_plan.cache_info().misses == 1


def test_two_writers_with_the_same_names_never_mix():
    reader = PacketReader((FORMAT,), SchemaStore())
    other = record("alert", candidate=record("candidate", dec="float", jd="float"), candid="int")
    for _ in range(2):
        first = reader.read(container(SCHEMA, VALUE))[1]
        second = reader.read(container(other, {"candidate": {"dec": 1.0, "jd": 2.0}, "candid": 3}))

        assert first == WANTED
        assert second[1] == {"candidate": {"jd": 2.0}, "candid": 3}


def test_a_record_used_twice_is_read_with_the_fields_of_both():
    schema = record(a=record("point", x="int", y="int", z="int"), b="point")
    data = container(schema, {"a": {"x": 1, "y": 2, "z": 3}, "b": {"x": 4, "y": 5, "z": 6}})

    assert fields_of(data, "a.x", "b.y") == {"a": {"x": 1, "y": 2}, "b": {"x": 4, "y": 5}}


def test_a_record_defined_in_a_field_that_is_not_read_is_known_where_it_is():
    schema = record(
        skipped={"type": "array", "items": record("point", x="int", y="int")}, a="point"
    )
    data = container(schema, {"skipped": [{"x": 1, "y": 2}], "a": {"x": 3, "y": 4}})

    assert fields_of(data, "a.y") == {"a": {"y": 4}}


def test_a_union_of_several_records_gives_the_one_that_was_sent():
    schema = record(a=["null", record("left", x="int"), record("right", y="int", z="int")])

    assert fields_of(container(schema, {"a": {"y": 1, "z": 2}}), "a.y") == {"a": {"y": 1}}


def test_the_notes_that_fastavro_publishes_with_a_schema_do_no_harm():
    noted = {**SCHEMA, "__fastavro_parsed": True, "__named_schemas": {"alert": {}}}

    assert read(schemaless(SCHEMA, VALUE), schema=noted)[1] == WANTED


def test_bytes_behind_the_record_are_an_error():
    with pytest.raises(DecodeError, match="damaged"):
        read(framed(SCHEMA, VALUE, 1) + b"\0", store=Store({1: SCHEMA}))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"\x1f\x8b\x08....", "damaged gzip"),
        (b"\xff\xd8\xff\xe0..", "a JPEG image"),
        (b'{"candid": 1}', "JSON"),
        (b"<xml/>", "XML"),
        (b"no packet", "text"),
        (b"\x01\x02\x03", "unknown binary data"),
    ],
)
def test_what_is_no_packet_is_named_and_so_is_what_was_expected(data, name):
    with pytest.raises(DecodeError, match=f"{name}.*this stream reads alert"):
        read(data)


def test_a_configured_wire_format_refuses_the_others():
    with pytest.raises(
        DecodeError, match=r"an Avro container of alert, no Avro packet \(wire: confluent\)"
    ):
        read(container(SCHEMA, VALUE), wire="confluent")


ENDLESS_COUNT = b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"  # 2**60 and more


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "path", ["b", "a", "a.y", "c"], ids=["skipped", "read", "pruned", "behind"]
)
@pytest.mark.parametrize("items", ["double", "long", ["null", "float"], record("i", d="double")])
def test_a_corrupt_count_keeps_nobody_busy(path, items):
    numbers = {"type": "array", "items": items}
    again = {"type": "array", "items": "i"} if "name" in items else numbers
    schema = record(a=record("inner", x=numbers, y="int"), b="int", c=["null", again])
    wanted = PacketFormat(name="x", needs=frozenset(), fields=(path,), decode=lambda fields: fields)
    for data in (ENDLESS_COUNT + bytes(20), b"\0\0\0\2" + ENDLESS_COUNT + bytes(20)):
        with pytest.raises(DecodeError):
            read(data, formats=(wanted,), schema=schema, wire="schemaless")
