"""Whatever a producer publishes as its schema, the reason why it is refused is one."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DecodeError
from pipeline.plan import parse_writer
from pipeline.schema_fault import faulty_field
from tests.strategies import record

NAMES = st.sampled_from(["a", "b", "ns.c", "d", ""])
KEYS = st.sampled_from(
    ["type", "name", "namespace", "fields", "items", "values", "default", "symbols", "size"]
)
WORDS = st.one_of(
    st.none(),
    st.integers(-2, 2),
    NAMES,
    st.sampled_from(["record", "array", "map", "enum", "fixed", "int", "string", "null"]),
)
ANYTHING = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
TYPES = st.sampled_from(["int", "string", "bytes", ["null", "double"]])


@given(st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_a_schema_is_taken_or_refused_with_a_reason(schema):
    with contextlib.suppress(DecodeError):
        parse_writer({"type": "record", **schema})


@given(st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_the_field_at_fault_is_a_path_or_nothing(schema):
    assert isinstance(faulty_field(schema), str)


@given(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), TYPES), unique_by=lambda pair: pair[0]),
    st.lists(st.sampled_from("pqrs"), unique=True, min_size=1, max_size=3),
)
def test_the_one_field_with_a_fault_is_found_wherever_it_is(good, path):
    *outer, last = path
    schema = record("broken", **{last: "unheard"})
    for depth, name in enumerate(reversed(outer)):
        schema = record(f"level{depth}", **dict(good), **{name: schema})

    assert faulty_field(schema) == ".".join(path)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), TYPES), unique_by=lambda pair: pair[0]))
def test_a_sound_schema_has_no_field_at_fault(fields):
    assert faulty_field(record("sound", **dict(fields))) == ""
