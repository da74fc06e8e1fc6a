import io

import fastavro
import pytest

from pipeline.errors import ConfigurationError, DecodeError
from pipeline.schema_store import SchemaStore
from pipeline.stream import PacketFormat
from pipeline.wire import PacketReader, split_container
from tests.strategies import BIG_ID, container, framed, record, schemaless

CUTOUT = record("cutout", fileName="string", stampData="bytes")
HISTORY = {
    "type": "array",
    "items": record("old", jd="double", magpsf=["null", "float"], name=["null", "string"]),
}
SCHEMA = record(
    "alert",
    objectId="string",
    candid="long",
    candidate=record(
        "candidate", jd="double", magpsf="float", tags={"type": "map", "values": "int"}
    ),
    history=["null", HISTORY],
    cutoutScience=["null", CUTOUT],
    cutoutTemplate=["null", "cutout"],
)
VALUE = {
    "objectId": "ZTF18",
    "candid": BIG_ID,
    "candidate": {"jd": 2458493.5, "magpsf": 18.5, "tags": {"a": 1}},
    "history": [
        {"jd": 1.0, "magpsf": None, "name": "x" * 100},
        {"jd": 2.0, "magpsf": 3.0, "name": None},
    ],
    "cutoutScience": {"fileName": "a.fits", "stampData": b"science"},
    "cutoutTemplate": None,
}
FORMAT = PacketFormat(
    name="alert",
    needs=frozenset({"candid", "candidate"}),
    fields=("candid", "candidate.jd", "candidate.absent", "cutoutScience.stampData", "absent"),
    decode=lambda fields: fields,
)
WANTED = {
    "candid": BIG_ID,
    "candidate": {"jd": 2458493.5, "tags": {"a": 1}},  # fastavro must not step over maps
    "cutoutScience": {"stampData": b"science"},
}


def read(data, *, formats=(FORMAT,), store=None, **options):
    return PacketReader(formats, store or SchemaStore(), **options).read(data)


def fields_of(data, *paths, needs=frozenset()):
    wanted = PacketFormat(name="x", needs=needs, fields=paths, decode=lambda fields: fields)
    return read(data, formats=(wanted,))[1]


class Store(SchemaStore):
    def __init__(self, schemas):
        super().__init__()
        self._schemas = schemas


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
    data = container(SCHEMA, VALUE)
    text = fastavro.schema.fullname  # only to show that the schema is fastavro's own

    assert text(noted) == "alert"
    assert read(schemaless(SCHEMA, VALUE), schema=noted)[1] == read(data)[1]


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


LIST = [record("a", x="int"), record("b", y="int")]
TWICE = record(a=record("c", x="int"), b=record("c", x="int"))
WRONG_DEFAULT = {**record(), "fields": [{"name": "a", "type": "int", "default": None}]}
ENDLESS = record("node", next=["null", "node"])
NOTHING = record(a={"type": "array", "items": "null"})
NEGATIVE = record(a={"type": "fixed", "name": "f", "size": -1})
DEEP = "int"
for _ in range(100):
    DEEP = {"type": "array", "items": DEEP}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (LIST, "a list of 2 types .a, b., not one"),
        ("int", "no record"),
        (TWICE, "redefined named type: c"),
        (WRONG_DEFAULT, "Default value <None> must match schema type: int"),
        (record(a="unheard"), "unheard"),
        (ENDLESS, "node contains itself"),
        (NOTHING, "items take no bytes"),
        (NEGATIVE, "-1 bytes"),
        (record(a=["null"] * 65), "union of 65"),
        (record(a=DEEP), "nested deeper than 64"),
        ({"type": "record"}, "not valid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_fault_of_a_schema_is_named(schema, fault):
    with pytest.raises(DecodeError, match=fault):
        read(b"\0\0\0\0\1\0", store=Store({1: schema}))


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        (TWICE, r"r is not valid, field b: redefined"),
        (WRONG_DEFAULT, r"r is not valid, field a: Default"),
        (record(x="int", y=record("q", z=WRONG_DEFAULT)), r"r is not valid, field y\.z: redefined"),
        (record("s", y=WRONG_DEFAULT), r"s is not valid, field y\.a: Default"),
        (record(y=["null", {"type": "array", "items": record("i", n="nix")}]), r"r .*y\.n: nix"),
        (record("turbo.alert", c=record("c", t="jd")), r"turbo\.alert is not valid, field c\.t: "),
        ({**record(a="nix"), "version": "0.1"}, r"r 0\.1 is not valid, field a: nix"),
        ({**record(), "fields": ["a"]}, "r is not valid, field number 0: "),
        ({"type": "record", "fields": []}, "without a name is not valid: "),
    ],
)
def test_the_field_with_the_fault_is_named_and_the_schema_too(schema, place):
    with pytest.raises(DecodeError, match=f"the Avro schema {place}"):
        read(b"\0\0\0\0\1\0", store=Store({1: schema}))


def test_a_fault_is_told_of_every_packet_that_has_it():
    reader = PacketReader((FORMAT,), SchemaStore())

    for n in range(3):
        with pytest.raises(DecodeError, match="knows no packets like other"):
            reader.read(container(record("other", n="int"), {"n": n}))


def test_a_name_that_is_used_again_is_no_fault():
    schema = record(a=record("c", x="int"), b="c", d="nix")

    with pytest.raises(DecodeError, match="field d: nix"):
        read(b"\0\0\0\0\1\0", store=Store({1: schema}))


def test_a_schema_that_is_no_json_is_an_error():
    good = container(record(a="int"), {"a": 1})

    with pytest.raises(DecodeError, match="not JSON"):
        read(good.replace(b'{"type"', b'["type"', 1))


def test_a_wrong_schema_of_schemaless_packets_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="redefined"):
        PacketReader((FORMAT,), SchemaStore(), schema=TWICE)


def test_schemaless_packets_need_a_schema():
    with pytest.raises(ConfigurationError, match="need a schema"):
        PacketReader((FORMAT,), SchemaStore(), wire="schemaless")


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
