"""``skytriage ledger`` on a real broker."""

import threading
import time
from dataclasses import dataclass, replace

import pytest
from confluent_kafka import TopicPartition

from pipeline import read_topic
from pipeline.audit import audit
from pipeline.core import Origin, Record
from pipeline.dead_letters import dead_letter_headers
from pipeline.embedded import EmbeddedBroker
from pipeline.encode import Encoder
from pipeline.errors import DecodeError
from pipeline.settings import read_settings
from pipeline.tally import Tally
from tests.alert_strategies import make_alert
from tests.command_line import configuration, skytriage
from tests.kafka_clients import Broker, fresh_topics
from tests.toy_stream import toy_loop

ENCODER = Encoder("container")


@dataclass
class Night:
    """Topics of a daemon, written to as the daemon would."""

    broker: Broker
    prefix: str
    config: object

    def consume(self, offset, tally=None, *, messages=None, partition=0):
        """Publish messages, and commit that they were read up to an offset."""
        producer = self.broker.producer()
        for _ in range(messages if messages is not None else offset):
            producer.produce(self.prefix + "in", b"packet", partition=partition)
        assert producer.flush(10) == 0
        metadata = tally.to_metadata() if tally else ""
        with self.broker.consumer(self.prefix + "group") as consumer:
            place = TopicPartition(self.prefix + "in", partition, offset, metadata)
            consumer.commit(offsets=[place], asynchronous=False)

    def classify(self, *offsets, producer=None, partition=0):
        """Publish classifications of messages."""
        producer = producer or self.broker.producer()
        for offset in offsets:
            alert = make_alert(event_id=offset)
            alert = replace(alert, origin=Origin(self.prefix + "in", partition, offset))
            producer.produce(self.prefix + "classifications", ENCODER.encode(alert))
        assert producer.flush(10) == 0

    def dead_letter(self, *offsets):
        """Publish dead letters of messages."""
        producer = self.broker.producer()
        for offset in offsets:
            record = Record(b"junk", Origin(self.prefix + "in", 0, offset))
            headers = dead_letter_headers(record, DecodeError("junk"), task="t")
            producer.produce(self.prefix + "dead-letters", b"junk", headers=headers)
        assert producer.flush(10) == 0

    def ledger(self):
        """Run the command."""
        return skytriage("ledger", self.config, "--json")


def make_night(broker, topics, folder, **options):
    for name, partitions in {"in": 2, "classifications": 2, "alerts": 1, "dead-letters": 1}.items():
        topics.create(name, partitions=partitions)
    config = configuration(
        folder / "night.toml",
        broker.bootstrap,
        [topics.prefix + "in"],
        prefix=topics.prefix,
        **options,
    )
    return Night(broker, topics.prefix, config)


@pytest.fixture
def night(broker, topics, tmp_path):
    return make_night(broker, topics, tmp_path)


def test_a_whole_night_adds_up(night):
    night.consume(5, Tally(0, 4, 1), messages=8)
    night.classify(0, 1, 3, 4)
    night.dead_letter(2)
    books = night.ledger()

    assert books.code == 0
    assert books.json["partitions"][0] == {
        "stream": "hits",
        "topic": night.prefix + "in",
        "partition": 0,
        "since": 0,
        "committed": 5,
        "consumed": 5,
        "consumedFrom": "tally",
        "classified": 4,
        "deadLettered": 1,
        "duplicates": 0,
        "missing": 0,
        "lag": 3,
    }
    assert books.json["addsUp"]


def test_partitions_have_books_of_their_own(night):
    night.consume(2, Tally(0, 2, 0))
    night.consume(1, Tally(0, 1, 0), partition=1)
    night.classify(0, 1)
    night.classify(0, partition=1)
    books = night.ledger().json

    assert [row["classified"] for row in books["partitions"]] == [2, 1]
    assert books["addsUp"]


def test_a_lost_message_is_found(night):
    night.consume(3, Tally(0, 3, 0))
    night.classify(0, 2)
    books = night.ledger()

    assert books.code == 1
    assert (books.json["total"]["missing"], books.json["addsUp"]) == (1, False)


def test_a_double_is_found(night):
    night.consume(2, Tally(0, 2, 0))
    night.classify(0, 1, 1)
    books = night.ledger()

    assert (books.code, books.json["total"]["duplicates"]) == (1, 1)


def test_a_double_is_no_fault_where_at_least_once_was_asked_for(broker, topics, tmp_path):
    night = make_night(broker, topics, tmp_path, extra='delivery = "at_least_once"')
    night.consume(2, Tally(0, 2, 0))
    night.classify(0, 1, 1)
    books = night.ledger()

    assert (books.code, books.json["total"]["duplicates"]) == (0, 1)


def test_what_a_transaction_took_back_does_not_count(night):
    night.consume(2, Tally(0, 2, 0))
    producer = night.broker.producer(transactional_id=night.prefix)
    producer.init_transactions(10)
    producer.begin_transaction()
    night.classify(0, 1, producer=producer)
    producer.abort_transaction(10)
    night.classify(0, 1)

    assert night.ledger().json["addsUp"]


def test_an_open_transaction_is_waited_for(night):
    night.consume(1, Tally(0, 1, 0))
    producer = night.broker.producer(transactional_id=night.prefix)
    producer.init_transactions(10)
    producer.begin_transaction()
    night.classify(0, producer=producer)
    committer = threading.Timer(1.0, producer.commit_transaction, (10,))
    committer.start()
    books = night.ledger()
    committer.join()

    assert books.json["addsUp"]
    assert not books.json["notes"]


def test_a_transaction_that_stays_open_is_told(night, monkeypatch):
    monkeypatch.setattr(read_topic, "PATIENCE_S", 1.0)
    night.consume(1, Tally(0, 1, 0))
    producer = night.broker.producer(transactional_id=night.prefix)
    producer.init_transactions(10)
    producer.begin_transaction()
    night.classify(0, producer=producer)
    books = night.ledger()
    producer.abort_transaction(10)

    assert (books.code, books.json["total"]["missing"]) == (1, 1)
    assert "open transaction" in books.json["notes"][0]


def test_a_group_that_read_nothing_yet_has_only_lag(night):
    producer = night.broker.producer()
    producer.produce(night.prefix + "in", b"packet", partition=0)
    producer.flush(10)
    books = night.ledger()

    assert (books.code, books.json["total"]["lag"]) == (0, 1)
    assert books.json["partitions"][0]["committed"] is None


def test_strange_messages_on_the_output_are_told(night):
    producer = night.broker.producer()
    producer.produce(night.prefix + "classifications", b"hello")
    producer.flush(10)

    assert "1 messages do not say where they came from" in night.ledger().json["notes"][0]


def test_a_topic_that_is_not_there_is_an_error(broker, topics, tmp_path):
    config = configuration(tmp_path / "c.toml", broker.bootstrap, ["gone"], prefix=topics.prefix)
    books = skytriage("ledger", config)

    assert books.code == 1
    assert "there is no topic gone" in books.err


def test_a_person_sees_a_table_and_a_verdict(night):
    night.consume(2, Tally(0, 2, 0))
    night.classify(0, 1)
    books = skytriage("ledger", night.config)

    assert "total" in books.out
    assert books.err == "It adds up.\n"


def test_the_daemon_s_own_loop_adds_up(night):
    names = {
        "in": night.prefix + "in",
        "out": night.prefix + "classifications",
        "alerts": night.prefix + "alerts",
        "dead": night.prefix + "dead-letters",
    }
    producer = night.broker.producer()
    for number in range(300):
        value = b"junk" if number % 10 == 0 else str(number).encode()
        producer.produce(names["in"], value, partition=number % 2)
    producer.flush(10)
    settings = read_settings(night.config)
    deadline_s = time.monotonic() + 60
    with toy_loop(night.broker, names, settings.group):
        while audit(settings).as_json()["total"]["lag"] and time.monotonic() < deadline_s:
            time.sleep(0.2)
    total = night.ledger().json["total"]

    assert total == {
        "consumed": 300,
        "classified": 270,
        "deadLettered": 30,
        "duplicates": 0,
        "missing": 0,
        "lag": 0,
    }


def test_without_tallies_the_offsets_are_compared_and_that_is_said(tmp_path):
    with EmbeddedBroker() as embedded:
        broker = Broker(embedded.bootstrap)
        with fresh_topics(broker) as topics:
            night = make_night(broker, topics, tmp_path)
            night.consume(3, Tally(0, 3, 0))
            night.classify(0, 1, 2)
            books = night.ledger()

    assert books.code == 0
    assert books.json["partitions"][0]["consumedFrom"] == "offsets"
    assert "keeps no tallies" in books.json["notes"][0]
