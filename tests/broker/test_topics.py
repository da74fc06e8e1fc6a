"""``skytriage topics create`` on a real broker."""

import pytest
from confluent_kafka.admin import ConfigResource, ResourceType

from tests.command_line import configuration, skytriage


@pytest.fixture
def config(broker, topics, tmp_path):
    return configuration(
        tmp_path / "night.toml",
        broker.bootstrap,
        [topics.prefix + "hits", "^pattern_"],
        prefix=topics.prefix,
    )


def partitions(broker, name):
    return len(broker.admin().list_topics(timeout=10).topics[name].partitions)


def settings(broker, name):
    admin = broker.admin()
    (answer,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
    return {key: entry.value for key, entry in answer.result(10).items()}


def test_input_and_output_topics_are_created(broker, topics, config):
    made = skytriage("topics", "create", config, "--partitions", 3, "--json")

    assert made.code == 0
    assert made.json == [
        {"topic": topics.prefix + name, "created": True}
        for name in ("hits", "classifications", "alerts", "dead-letters")
    ]
    assert partitions(broker, topics.prefix + "hits") == 3


def test_topics_that_exist_are_left_as_they_are(broker, topics, config):
    topics.create("hits", partitions=2)
    made = skytriage("topics", "create", config, "--partitions", 3)

    assert made.code == 0
    assert "was there: left as it is" in made.out
    assert partitions(broker, topics.prefix + "hits") == 2


def test_a_dead_letter_may_be_larger_than_any_message(broker, topics, config):
    skytriage("topics", "create", config)
    rooms = [
        int(settings(broker, topics.prefix + name)["max.message.bytes"])
        for name in ("dead-letters", "hits")
    ]

    assert rooms[0] > rooms[1]


def test_what_the_broker_refuses_is_told_in_one_line(config):
    made = skytriage("topics", "create", config, "--replication", 9)

    assert made.code == 1
    assert "eplication factor" in made.err
    assert "Traceback" not in made.err
