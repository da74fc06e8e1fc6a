"""Stepping over a value ends where fastavro, which is the oracle, ends writing it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DecodeError
from pipeline.plan import parse_writer
from tests.strategies import record, schemaless

VALUES = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "bytes": st.binary(max_size=200),
    "string": st.text(max_size=200),
}

primitives = st.sampled_from(sorted(VALUES))
somethings = primitives.filter(lambda kind: kind != "null")


@st.composite
def records(draw, names=None, depth=3):
    """Return the schema of a record, with every kind of type inside."""
    names = names or itertools.count()
    fields = {f"f{i}": draw(types(names, depth - 1)) for i in range(draw(st.integers(1, 6)))}
    return record(f"r{next(names)}", **fields)


@st.composite
def types(draw, names, depth):  # noqa: PLR0911 - one for each kind of type
    kinds = ["primitive", "nullable", "union", "fixed", "enum"]
    kind = draw(st.sampled_from(kinds + ["record", "array", "map"] * (depth > 0)))
    name = f"n{next(names)}"
    match kind:
        case "primitive":
            return draw(primitives)
        case "nullable":
            return draw(st.permutations(["null", draw(somethings)]))
        case "union":
            members = draw(st.permutations(["null", "boolean", "double", "string"]))
            return [*members, draw(records(names, depth))] if depth > 0 else members
        case "fixed":
            return {"type": "fixed", "name": name, "size": draw(st.integers(0, 9))}
        case "enum":
            return {"type": "enum", "name": name, "symbols": ["a", "b", "c"]}
        case "record":
            return draw(records(names, depth))
        case "array":
            return {"type": "array", "items": draw(types(names, depth - 1).filter(takes_bytes))}
    return {"type": "map", "values": draw(types(names, depth - 1))}


def takes_bytes(schema):
    """Whether a value takes any: arrays of nothing are refused."""
    if schema == "null" or (isinstance(schema, dict) and schema.get("size") == 0):
        return False
    fields = schema.get("fields") if isinstance(schema, dict) else None
    return fields is None or any(takes_bytes(field["type"]) for field in fields)


def values(schema):  # noqa: PLR0911 - as above
    if isinstance(schema, list):
        return st.one_of(*map(values, schema))
    if isinstance(schema, str):
        return VALUES[schema]
    match schema["type"]:
        case "record":
            fields = {field["name"]: values(field["type"]) for field in schema["fields"]}
            return st.fixed_dictionaries(fields)
        case "array":
            return st.lists(values(schema["items"]), max_size=4)
        case "map":
            return st.dictionaries(st.text(max_size=5), values(schema["values"]), max_size=4)
        case "fixed":
            return st.binary(min_size=schema["size"], max_size=schema["size"])
    return st.sampled_from(schema["symbols"])


@given(st.data())
def test_it_ends_where_the_value_ends(data):
    schema = data.draw(records(), "schema")
    value = schemaless(schema, data.draw(values(schema), "value"))
    before, behind = data.draw(st.binary(max_size=9)), data.draw(st.binary(max_size=9))

    end = parse_writer(schema).skip(before + value + behind, len(before))

    assert end == len(before) + len(value)


@given(st.data())
def test_of_random_bytes_it_ends_with_a_position_or_an_error(data):
    skip = parse_writer(data.draw(records(), "schema")).skip
    try:
        end = skip(data.draw(st.binary(max_size=300)), 0)
    except (DecodeError, IndexError, KeyError):
        return
    assert end >= 0


@pytest.mark.parametrize("branch", [4, 7, 255])
@pytest.mark.parametrize("kind", ["int", "string", "double", {"type": "array", "items": "int"}])
def test_a_branch_that_a_union_does_not_have_is_an_error(kind, branch):
    with pytest.raises((DecodeError, KeyError)):
        parse_writer(record(a=["null", kind])).skip(bytes([branch, 0, 0]), 0)
