"""What a dead letter says of itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import __version__
from pipeline.core import Origin, Record
from pipeline.dead_letters import PREFIX, dead_letter_headers, dead_letter_origin, without_failure
from pipeline.errors import DecodeError, UnusableSample

RECORD = Record(b"junk", Origin("hits", 3, 2**53 + 1), headers=(("traceparent", b"00-1"),))


def raised(error=None, cause=None):
    """An error with a traceback."""
    with pytest.raises(DecodeError) as caught:
        raise (error or DecodeError("the bytes are no packet")) from cause
    return caught.value


def headers(record=RECORD, error=None):
    return dead_letter_headers(record, error or raised(), task="skytriage.night.0")


def test_the_headers_have_the_names_of_kafka_connect():
    assert [name for name, _ in headers() if name.startswith(PREFIX)] == [
        f"__connect.errors.{name}"
        for name in (
            "topic",
            "partition",
            "offset",
            "connector.name",
            "task.id",
            "stage",
            "class.name",
            "exception.class.name",
            "exception.message",
            "exception.stacktrace",
        )
    ]


def test_they_say_where_the_message_is_and_what_went_wrong():
    said = dict(headers())

    assert said[PREFIX + "topic"] == b"hits"
    assert said[PREFIX + "partition"] == b"3"
    assert said[PREFIX + "offset"] == b"9007199254740993"
    assert said[PREFIX + "task.id"] == b"skytriage.night.0"
    assert said[PREFIX + "stage"] == b"decode"
    assert said[PREFIX + "class.name"].decode().endswith("test_encode_dead_letters")
    assert said[PREFIX + "exception.class.name"] == b"pipeline.errors.DecodeError"
    assert said[PREFIX + "exception.message"] == b"the bytes are no packet"
    assert b"Traceback" in said[PREFIX + "exception.stacktrace"]
    assert said["skytriage.version"] == __version__.encode()


def test_the_stack_trace_names_the_cause():
    said = dict(headers(error=raised(cause=EOFError("no more bytes"))))

    assert b"EOFError: no more bytes" in said[PREFIX + "exception.stacktrace"]


def test_the_stage_is_that_of_the_error():
    assert dict(headers(error=UnusableSample("constant")))[PREFIX + "stage"] == b"preprocess"


def test_the_message_s_own_headers_stay():
    assert ("traceparent", b"00-1") in headers()


def test_a_message_that_fails_again_does_not_grow():
    again = Record(b"junk", Origin("hits", 0, 1), headers=tuple(headers()))
    first, second = headers(), headers(record=again)

    assert sorted(name for name, _ in first) == sorted(name for name, _ in second)
    assert dict(second)[PREFIX + "offset"] == b"1"


@pytest.mark.parametrize("character", ["x", "µ", "🔭"])
def test_long_errors_are_cut_between_characters(character):
    said = dict(headers(error=raised(DecodeError(character * 10_000))))

    assert 1000 < len(said[PREFIX + "exception.message"]) <= 1024
    assert 4000 < len(said[PREFIX + "exception.stacktrace"]) <= 4096
    assert said[PREFIX + "exception.message"].decode().strip(character) == ""


def test_an_error_text_that_utf_8_cannot_say_is_written_all_the_same():
    said = dict(headers(error=raised(DecodeError("bad \ud800 surrogate"))))

    assert said[PREFIX + "exception.message"] == b"bad ? surrogate"


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.integers(0), st.integers(0))
def test_the_origin_is_read_back(topic, partition, offset):
    origin = Origin(topic, partition, offset)

    assert dead_letter_origin(headers(Record(b"", origin))) == origin


def test_a_message_gets_back_the_headers_that_it_had():
    own = [("traceparent", b"00-1"), ("stream", None)]

    assert without_failure(headers(Record(b"", Origin("hits", 0, 1), headers=tuple(own)))) == own


def test_headers_of_somebody_else_have_no_origin():
    assert dead_letter_origin([("stream", b"hits"), (PREFIX + "topic", None)]) is None
