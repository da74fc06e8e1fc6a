"""Alerts to bytes and back."""

import io
import json
from dataclasses import replace

import fastavro
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipeline.avro_bytes import varint
from pipeline.classification import as_record, to_avro
from pipeline.encode import CONTAINER_HEADER, SCHEMA, Encoder, make_encoder
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings
from tests.alert_strategies import alerts, make_alert

PARSED = fastavro.parse_schema(schemas.load("classification"))


def by_fastavro(alert):
    data = io.BytesIO()
    fastavro.schemaless_writer(data, PARSED, as_record(alert))
    return data.getvalue()


@given(alerts())
def test_the_fast_bytes_are_those_of_fastavro(alert):
    assert to_avro(alert) == by_fastavro(alert)


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_is_written_as_fastavro_does(value):
    data = io.BytesIO()
    fastavro.schemaless_writer(data, "long", value)

    assert varint(value) == data.getvalue()


@given(alerts())
def test_a_container_is_read_back_by_any_avro_reader(alert):
    data = Encoder("container").encode(alert)

    assert list(fastavro.reader(io.BytesIO(data))) == [as_record(alert)]


@given(st.integers(2**53, 2**63 - 1))
def test_ids_above_what_a_double_holds_survive(event_id):
    data = Encoder("container").encode(make_alert(event_id=event_id))
    (record,) = fastavro.reader(io.BytesIO(data))

    assert record["eventIdLong"] == event_id
    assert record["eventId"] == str(event_id)


def test_a_container_carries_the_whole_schema_without_its_docs():
    reader = fastavro.reader(io.BytesIO(Encoder("container").encode(make_alert())))

    assert reader.codec == "null"
    assert '"doc"' not in reader.metadata["avro.schema"]
    assert json.loads(reader.metadata["avro.schema"]) == SCHEMA


def test_the_schema_without_docs_is_the_released_one():
    canonical = fastavro.schema.to_parsing_canonical_form

    assert canonical(SCHEMA) == canonical(schemas.load("classification"))


def test_a_container_costs_less_than_3_kb_for_its_schema():
    assert len(CONTAINER_HEADER) < 3000


def test_a_confluent_frame_names_the_schema_and_holds_the_record():
    alert = make_alert()
    data = Encoder("confluent", schema_id=258).encode(alert)

    assert data[:5] == b"\x00\x00\x00\x01\x02"
    assert data[5:] == by_fastavro(alert)


def test_confluent_without_a_schema_id_is_refused():
    with pytest.raises(ValueError, match="schema id"):
        Encoder("confluent")


def test_confluent_without_registry_or_directory_stops_the_start():
    settings = Settings(
        kafka={"bootstrap.servers": "localhost:1"},
        streams={"hits": {"topics": ["hits"]}},
        output={"wire": "confluent"},
    )

    with pytest.raises(ConfigurationError, match=r"schemas\.registry"):
        make_encoder(settings)


def test_numpy_numbers_are_written_like_plain_ones():
    plain = make_alert()
    array = replace(plain, probabilities=np.array(plain.probabilities, np.float64))

    assert to_avro(array) == to_avro(plain)
