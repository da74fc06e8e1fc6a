"""``pipeline.client`` on a real broker."""

import json

import pytest

from pipeline import subscription
from pipeline.client import alerts
from pipeline.encode import SCHEMA, Encoder
from pipeline.errors import ConfigurationError, DecodeError, TransientError
from tests.alert_strategies import make_alert

ENCODER = Encoder("container")


@pytest.fixture
def topic(topics):
    return topics.create("alerts", partitions=1)


def send(broker, topic, *event_ids):
    producer = broker.producer()
    for event_id in event_ids:
        producer.produce(topic, ENCODER.encode(make_alert(event_id=event_id)))
    assert producer.flush(10) == 0


def read(broker, topic, **options):
    options = {"timeout_s": 1.0, "session_timeout_ms": 6000} | options
    with alerts(broker.bootstrap, topic, **options) as received:
        return [alert.event_id_long for alert in received]


def test_without_a_group_only_what_comes_from_now_on_is_seen(broker, topic):
    send(broker, topic, 1, 2)
    with alerts(broker.bootstrap, topic, timeout_s=5) as received:
        send(broker, topic, 2**60 + 1)

        assert next(received).event_id_long == 2**60 + 1


def test_from_the_beginning_all_is_seen(broker, topic):
    send(broker, topic, 1, 2, 3)

    assert read(broker, topic, from_beginning=True) == [1, 2, 3]


def test_an_alert_knows_its_place(broker, topic):
    send(broker, topic, 1, 2)
    with alerts(broker.bootstrap, topic, from_beginning=True, timeout_s=5) as received:
        offsets = [next(received).origin.offset for _ in range(2)]

    assert offsets == [0, 1]


def test_a_group_goes_on_where_it_stopped(broker, topic):
    send(broker, topic, 1, 2)
    group = f"{topic}-group"

    assert read(broker, topic, group=group, from_beginning=True) == [1, 2]
    send(broker, topic, 3)
    assert read(broker, topic, group=group, from_beginning=True) == [3]


def test_an_alert_whose_treatment_failed_comes_again(broker, topic):
    send(broker, topic, 1, 2)
    options = {"group": f"{topic}-group", "from_beginning": True}

    def treat():
        with alerts(broker.bootstrap, topic, timeout_s=5, **options) as received:
            assert next(received).event_id_long == 1
            assert next(received).event_id_long == 2
            raise RuntimeError("the telescope is stuck")

    with pytest.raises(RuntimeError):
        treat()
    assert read(broker, topic, **options) == [2]


def test_what_an_aborted_transaction_sent_is_never_seen(broker, topic):
    producer = broker.producer(transactional_id=topic)
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(topic, ENCODER.encode(make_alert(event_id=1)))
    producer.flush(10)
    producer.abort_transaction(10)
    send(broker, topic, 2)

    assert read(broker, topic, from_beginning=True) == [2]


def test_a_message_that_is_no_alert_is_an_error_and_the_next_one_follows(broker, topic):
    producer = broker.producer()
    producer.produce(topic, b"hello")
    producer.flush(10)
    send(broker, topic, 2)
    with alerts(broker.bootstrap, topic, from_beginning=True, timeout_s=5) as received:
        with pytest.raises(DecodeError, match=f"{topic} 0/0"):
            next(received)

        assert next(received).event_id_long == 2


def test_framed_alerts_are_read_with_a_schema_directory(broker, topic, tmp_path):
    (tmp_path / "42.avsc").write_text(json.dumps(SCHEMA))
    producer = broker.producer()
    data = Encoder("confluent", schema_id=42).encode(make_alert(event_id=5))
    producer.produce(topic, data)
    producer.flush(10)

    assert read(broker, topic, from_beginning=True, schema_directory=tmp_path) == [5]


def test_a_topic_that_is_not_there_is_named(broker):
    with pytest.raises(ConfigurationError, match="no-such-topic"):
        alerts(broker.bootstrap, "no-such-topic")


def test_an_option_that_librdkafka_does_not_know_is_named(broker):
    with pytest.raises(ConfigurationError, match=r"fetch\.mni\.bytes"):
        alerts(broker.bootstrap, fetch_mni_bytes=1)


def test_a_broker_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr(subscription, "REACH_TIMEOUT_S", 0.5)

    with pytest.raises(TransientError, match="no broker answers"):
        alerts("127.0.0.1:1")
