"""Answers as ELAsTiCC's consumer takes them."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipeline import __version__
from pipeline.encode import Encoder, make_encoder
from pipeline.errors import ConfigurationError, EncodeError
from pipeline.settings import Settings
from tests.alert_strategies import make_alert

SCHEMA = fastavro.parse_schema(schemas.load("elasticc", "0.9.1"))


MILLISECONDS = {"type": "long", "logicalType": "timestamp-millis"}
CONSUMERS_SCHEMA = {
    "type": "record",
    "name": "brokerClassfication",  # as it is misspelt there
    "namespace": "elasticc.v0_9_1",
    "fields": [
        {"name": "alertId", "type": "long"},
        {"name": "diaSourceId", "type": "long"},
        {"name": "elasticcPublishTimestamp", "type": MILLISECONDS},
        {"name": "brokerIngestTimestamp", "type": ["null", MILLISECONDS]},
        {"name": "brokerName", "type": "string"},
        {"name": "brokerVersion", "type": "string"},
        {"name": "classifierName", "type": "string"},
        {"name": "classifierParams", "type": "string"},
        {
            "name": "classifications",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "classificationDict",
                    "fields": [
                        {"name": "classId", "type": "int"},
                        {"name": "probability", "type": "float"},
                    ],
                },
            },
        },
    ],
}
"""Version 0.9.1, as DESC's consumer has it and nothing else."""


def encoded(alert):
    data = io.BytesIO(Encoder("elasticc").encode(alert))
    record = fastavro.schemaless_reader(data, SCHEMA, None)
    assert not data.read(), "bytes follow the record"
    return record


def milliseconds(time):
    return round(time.timestamp() * 1000)


def test_our_schema_is_the_one_that_the_consumer_has():
    """Name, fields, types and their order: all that decides how the bytes are read."""
    ours = schemas.without_docs(schemas.load("elasticc", "0.9.1"))

    assert ours == CONSUMERS_SCHEMA


def test_a_reader_that_has_only_its_own_schema_reads_every_byte():
    alert = make_alert(event_id=2**53 + 1, score=0.75, broker_us=2_000_000)
    data = io.BytesIO(Encoder("elasticc").encode(alert))

    record = fastavro.schemaless_reader(data, fastavro.parse_schema(CONSUMERS_SCHEMA), None)

    assert data.read() == b""
    assert record == {
        "alertId": 2**53 + 1,
        "diaSourceId": 2**53 + 1,
        "elasticcPublishTimestamp": datetime.fromtimestamp(2, UTC),
        "brokerIngestTimestamp": datetime.fromtimestamp(3, UTC),
        "brokerName": "skytriage",
        "brokerVersion": __version__,
        "classifierName": f"{alert.network.name} {alert.network.version}",
        "classifierParams": f"weights {alert.network.weights_sha256[:16]}",
        "classifications": [
            {"classId": 0, "probability": 0.25},
            {"classId": 1, "probability": 0.75},
        ],
    }


@given(st.integers(2**53, 2**63 - 1))
def test_ids_survive(event_id):
    record = encoded(make_alert(event_id=event_id))

    assert (record["alertId"], record["diaSourceId"]) == (event_id, event_id)


def test_the_classifier_is_named_the_same_on_every_machine():
    alert = make_alert()
    elsewhere = replace(
        alert, network=replace(alert.network, runtime="tensorflow/float32", device="GPU")
    )
    names = ("brokerName", "brokerVersion", "classifierName", "classifierParams")

    assert [encoded(alert)[n] for n in names] == [encoded(elsewhere)[n] for n in names]


@pytest.mark.parametrize("change", [{"weights_sha256": "cd" * 32}, {"version": "2"}])
def test_another_version_or_other_weights_are_another_classifier(change):
    alert = make_alert()
    retrained = replace(alert, network=replace(alert.network, **change))
    identity = ("classifierName", "classifierParams")

    assert [encoded(alert)[n] for n in identity] != [encoded(retrained)[n] for n in identity]


def test_all_classes_are_listed_by_their_index_and_sum_to_1():
    record = encoded(make_alert(score=0.75))

    assert record["classifications"] == [
        {"classId": 0, "probability": 0.25},
        {"classId": 1, "probability": 0.75},
    ]


def test_times_are_those_of_the_input_message():
    record = encoded(make_alert(broker_us=2_000_000))

    assert milliseconds(record["elasticcPublishTimestamp"]) == 2000
    assert milliseconds(record["brokerIngestTimestamp"]) == 3000
    assert record["brokerVersion"] == __version__


def test_without_a_broker_time_the_publish_time_is_when_we_read_it():
    record = encoded(make_alert(broker_us=None))

    assert milliseconds(record["elasticcPublishTimestamp"]) == 3000


def test_an_event_without_a_64_bit_id_is_refused():
    alert = make_alert()
    event = replace(alert.candidate.event, event_id="S190814bv", event_id_long=None)
    nameless = replace(alert, candidate=replace(alert.candidate, event=event))

    with pytest.raises(EncodeError, match="S190814bv"):
        Encoder("elasticc").encode(nameless)


def test_running_strain_is_refused_before_it_starts_for_its_events_have_no_number():
    settings = Settings(
        kafka={"bootstrap.servers": "localhost:1"},
        streams={"strain": {"topics": ["strain"]}},
        output={"wire": "elasticc"},
    )

    with pytest.raises(ConfigurationError, match="those that stream strain finds have none"):
        make_encoder(settings)
