"""The broker of the tests is a real one: these rules are what the other tests lean on."""

import pytest
from confluent_kafka import KafkaException, TopicPartition


def test_a_reader_of_committed_data_sees_no_aborted_record(broker, topics):
    topic = topics.create("out")
    with broker.producer(transactional_id=topic) as producer:
        producer.init_transactions(10)
        producer.begin_transaction()
        producer.produce(topic, b"aborted")
        producer.flush(10)
        producer.abort_transaction(10)
        producer.begin_transaction()
        producer.produce(topic, b"committed")
        producer.commit_transaction(10)

    assert [record.value() for record in broker.read(topic)] == [b"committed"]
    everything = broker.read(topic, isolation="read_uncommitted")
    assert [record.value() for record in everything] == [b"aborted", b"committed"]


def test_offsets_are_committed_with_the_records_or_not_at_all(broker, topics):
    topic = topics.create("in")
    with (
        broker.consumer("g-" + topic) as consumer,
        broker.producer(transactional_id=topic) as producer,
    ):
        producer.init_transactions(10)
        for offset, end in (
            (7, producer.commit_transaction),
            (9, producer.abort_transaction),
        ):
            producer.begin_transaction()
            producer.send_offsets_to_transaction(
                [TopicPartition(topic, 0, offset)],
                consumer.consumer_group_metadata(),
                10,
            )
            end(10)
        assert consumer.committed([TopicPartition(topic, 0)], timeout=10)[0].offset == 7


def test_every_test_has_topics_of_its_own(broker, topics):
    topic = topics.create("in", partitions=3)
    metadata = broker.admin().list_topics(timeout=10)
    assert [name for name in metadata.topics if name.startswith(topics.prefix)] == [topic]
    assert len(metadata.topics[topic].partitions) == 3
    assert broker.read(topic) == []


def test_reading_waits_for_the_records_it_was_promised(broker, topics):
    topic = topics.create("in", partitions=2)
    with broker.producer() as producer:
        for number in range(20):
            producer.produce(topic, b"%d" % number, partition=number % 2)
    assert sorted(int(record.value()) for record in broker.read(topic, 20)) == list(range(20))
    with pytest.raises(TimeoutError, match="20 records after 1 s, not 21"):
        broker.read(topic, 21, timeout_s=1)


def test_a_misspelt_topic_is_an_error(broker, topics):
    misspelt = topics.prefix + "nowhere"
    with (
        broker.consumer("g") as consumer,
        pytest.raises(KafkaException, match="Unknown"),
    ):
        consumer.get_watermark_offsets(TopicPartition(misspelt, 0), timeout=5)
    assert misspelt not in broker.admin().list_topics(timeout=10).topics


@pytest.mark.fault
def test_a_paused_broker_answers_nothing_until_it_is_resumed(own_broker):
    own_broker.create_topics("t")
    own_broker.pause()
    with own_broker.producer() as producer:
        producer.produce("t", b"sent while it was paused")
        assert producer.flush(1) == 1
        own_broker.resume()
        assert producer.flush(10) == 0


@pytest.mark.fault
def test_a_killed_broker_comes_back_with_its_records(own_broker):
    own_broker.create_topics("t")
    with own_broker.producer() as producer:
        producer.produce("t", b"kept")
        producer.flush(10)
        own_broker.kill()
        own_broker.start()
    assert [record.value() for record in own_broker.read("t", 1)] == [b"kept"]
