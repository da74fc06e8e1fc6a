"""``skytriage tail`` on a real broker."""

import pytest

from pipeline.encode import Encoder
from tests.alert_strategies import make_alert
from tests.command_line import configuration, skytriage

ENCODER = Encoder("container")


@pytest.fixture
def topic(broker, topics):
    """Three alerts: scores 0.6, 0.7 and 0.8."""
    name = topics.create("alerts", partitions=1)
    producer = broker.producer()
    for event_id, score in enumerate((0.6, 0.7, 0.8), start=2**60):
        producer.produce(name, ENCODER.encode(make_alert(event_id=event_id, score=score)))
    assert producer.flush(10) == 0
    return name


@pytest.fixture
def tail(broker, topic):
    where = ("--bootstrap", broker.bootstrap, "--topic", topic, "--from-beginning")

    def run(*arguments):
        return skytriage("tail", *where, "--timeout", 1, *arguments)

    return run


def test_alerts_are_printed_as_the_records_that_they_are(tail):
    printed = tail("--json")

    assert printed.code == 0
    assert [line["eventIdLong"] for line in printed.lines] == [2**60, 2**60 + 1, 2**60 + 2]
    assert printed.lines[0]["network"]["name"] == "deep_hits"


def test_it_ends_after_so_many(tail):
    assert len(tail("--json", "--count", 2).lines) == 2


def test_only_scores_at_or_above_are_printed(tail):
    assert [line["score"] for line in tail("--json", "--min-score", 0.7).lines] == [0.7, 0.8]


def test_only_one_stream_is_printed(tail):
    assert tail("--json", "--stream", "maxi").lines == []


def test_a_person_sees_a_line_for_each(tail):
    printed = tail()

    assert len(printed.out.splitlines()) == 3
    assert f"ztf {2**60}  real 0.600  score 0.600" in printed.out


def test_broker_and_topic_may_come_from_a_configuration(broker, topics, topic, tmp_path):
    config = configuration(tmp_path / "c.toml", broker.bootstrap, ["hits"], prefix=topics.prefix)
    printed = skytriage("tail", "--config", config, "--from-beginning", "--count", 1, "--json")

    assert printed.lines[0]["eventIdLong"] == 2**60


def test_what_is_no_alert_is_told_and_passed(broker, topic, tail):
    producer = broker.producer()
    producer.produce(topic, b"hello")
    producer.flush(10)
    printed = tail("--json")

    assert (printed.code, len(printed.lines)) == (1, 3)
    assert f"{topic} 0/3: not a classification" in printed.err
