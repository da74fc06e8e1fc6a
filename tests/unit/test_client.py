"""Our own alerts, read back."""

import io
import json
from dataclasses import replace

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipeline.classification import as_record
from pipeline.client import ReceivedAlert
from pipeline.core import Origin
from pipeline.encode import Encoder
from pipeline.errors import DecodeError
from pipeline.received import ClassificationReader
from tests.alert_strategies import alerts, make_alert

READER = ClassificationReader()
CONTAINER = Encoder("container")
DATA = CONTAINER.encode(make_alert())


def received(alert):
    return ReceivedAlert.from_record(READER.read(CONTAINER.encode(alert)))


@given(alerts())
def test_what_is_written_is_read(alert):
    assert READER.read(CONTAINER.encode(alert)) == as_record(alert)


@given(alerts())
def test_an_alert_comes_back_as_it_was(alert):
    got = received(alert)
    event = alert.candidate.event

    assert got.alert_id == alert.alert_id
    assert (got.survey, got.event_id, got.event_id_long) == (
        event.survey,
        event.event_id,
        event.event_id_long,
    )
    assert (got.event_time, got.ra_deg, got.dec_deg) == (event.time, event.ra_deg, event.dec_deg)
    assert (got.times, got.source, got.quality) == (alert.times, alert.origin, alert.quality)
    assert list(got.classification.values()) == list(alert.probabilities)
    assert (got.status, got.is_alert) == (alert.status, alert.is_alert)


def test_the_place_of_the_alert_itself_is_kept():
    origin = Origin("skytriage.alerts", 1, 5)
    got = ReceivedAlert.from_record(READER.read(DATA), origin)

    assert got.origin == origin


def test_only_the_fields_asked_for_are_read():
    reader = ClassificationReader(fields=frozenset({"source"}))

    assert reader.read(DATA) == {
        "source": {
            "topic": "hits",
            "partition": 3,
            "offset": 7,
            "index": 0,
            "records": 1,
            "schemaId": "ztf.alert 3.3",
        }
    }


@given(st.binary(max_size=200))
def test_garbage_is_a_decode_error(data):
    with pytest.raises(DecodeError):
        READER.read(data)


@given(st.integers(0, len(DATA) - 1))
def test_a_cut_message_is_a_decode_error(end):
    with pytest.raises(DecodeError):
        READER.read(DATA[:end])


def test_a_container_of_something_else_is_a_decode_error():
    data = io.BytesIO()
    schema = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "int"}]}
    fastavro.writer(data, fastavro.parse_schema(schema), [{"a": 1}])

    with pytest.raises(DecodeError, match=r"the record is x$"):
        READER.read(data.getvalue())


def test_a_reason_is_short_enough_to_read():
    changed = json.loads(json.dumps(schemas.load("classification")))
    changed["fields"][0]["type"] = "boolean"
    data = io.BytesIO()
    fastavro.writer(data, fastavro.parse_schema(changed), [as_record(make_alert())])

    with pytest.raises(DecodeError) as error:
        READER.read(data.getvalue())
    assert len(str(error.value)) < 300


def test_a_frame_without_a_registry_says_so():
    data = Encoder("confluent", schema_id=9).encode(make_alert())

    with pytest.raises(DecodeError, match="schema id 9"):
        READER.read(data)


@pytest.mark.parametrize("version", schemas.versions("classification"))
def test_every_released_version_is_read(version):
    released = fastavro.parse_schema(schemas.load("classification", version))
    data = io.BytesIO()
    fastavro.writer(data, released, [as_record(make_alert())])

    assert ReceivedAlert.from_record(READER.read(data.getvalue())).event_id_long == 2**53 + 1


def test_a_field_that_a_later_version_adds_is_passed_over():
    later = json.loads(json.dumps(schemas.load("classification")))
    later["fields"].insert(3, {"name": "mood", "type": "string", "default": "calm"})
    data = io.BytesIO()
    record = as_record(make_alert()) | {"mood": "elated"}
    fastavro.writer(data, fastavro.parse_schema(later), [record])

    assert READER.read(data.getvalue()) == as_record(make_alert())


def test_a_score_at_the_threshold_is_an_alert():
    alert = make_alert(score=0.5)

    assert received(alert).is_alert
    assert not received(replace(alert, score=0.499)).is_alert
