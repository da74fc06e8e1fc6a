"""Answers as ELAsTiCC's consumer takes them."""

import io
from dataclasses import replace

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from pipeline import __version__
from pipeline.encode import Encoder
from pipeline.errors import EncodeError
from tests.alert_strategies import make_alert

SCHEMA = fastavro.parse_schema(schemas.load("elasticc", "0.9.1"))


def encoded(alert):
    data = io.BytesIO(Encoder("elasticc").encode(alert))
    record = fastavro.schemaless_reader(data, SCHEMA, None)
    assert not data.read(), "bytes follow the record"
    return record


def milliseconds(time):
    return round(time.timestamp() * 1000)


def test_the_record_is_named_as_the_consumer_misspells_it():
    assert SCHEMA["name"] == "elasticc.v0_9_1.brokerClassfication"


def test_the_fields_are_in_the_order_of_version_0_9_1():
    assert [field["name"] for field in SCHEMA["fields"]] == [
        "alertId",
        "diaSourceId",
        "elasticcPublishTimestamp",
        "brokerIngestTimestamp",
        "brokerName",
        "brokerVersion",
        "classifierName",
        "classifierParams",
        "classifications",
    ]


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


def test_other_weights_are_another_classifier():
    alert = make_alert()
    retrained = replace(alert, network=replace(alert.network, weights_sha256="cd" * 32))

    assert encoded(alert)["classifierParams"] != encoded(retrained)["classifierParams"]


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
