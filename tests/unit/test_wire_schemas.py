"""Schemas that are wrong at their source: the fault is named, and the field that has it."""

import pytest

from pipeline.errors import ConfigurationError, DecodeError
from pipeline.schema_store import SchemaStore
from pipeline.wire import PacketReader
from tests.avro_packets import FORMAT, Store, read
from tests.strategies import container, record

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
