"""``skytriage dead-letters`` on a real broker: what failed is seen, and can be sent back."""

import json

import pytest

from pipeline.core import Origin, Record
from pipeline.dead_letters import REPLAY_HEADER, dead_letter_headers
from pipeline.errors import DecodeError, UnusableSample
from tests.command_line import configuration, skytriage
from tests.toy_stream import toy_loop

OWN = (("traceparent", b"00-1"),)


@pytest.fixture
def names(topics):
    return {
        "in": topics.create("in"),
        "out": topics.create("classifications"),
        "alerts": topics.create("alerts"),
        "dead": topics.create("dead-letters"),
    }


@pytest.fixture
def config(broker, topics, names, tmp_path):
    return configuration(tmp_path / "c.toml", broker.bootstrap, [names["in"]], prefix=topics.prefix)


def write(broker, topic, value, error, origin):
    """Write a letter as the daemon does; give what it is called when it is sent back."""
    producer = broker.producer()
    headers = dead_letter_headers(Record(value, origin, headers=OWN), error, task="t.0")
    producer.produce(topic, value, b"key", headers=headers)
    assert producer.flush(10) == 0
    return f"{topic} 0/{len(broker.read(topic)) - 1}"


@pytest.fixture
def letters(broker, names):
    """Two messages of the input topic and one of a topic that is gone."""
    write(broker, names["dead"], b"7", DecodeError("no schema 9"), Origin(names["in"], 0, 3))
    write(broker, names["dead"], b"8", UnusableSample("all zero"), Origin(names["in"], 0, 4))
    write(broker, names["dead"], b"9", DecodeError("cut short"), Origin("gone", 2, 5, 1, 3))


def sent_back(broker, names):
    return [(one.value(), one.key(), dict(one.headers())) for one in broker.read(names["in"])]


@pytest.mark.usefixtures("letters")
def test_a_line_says_where_a_message_came_from_and_what_is_wrong(config, names):
    listed = skytriage("dead-letters", "list", config)

    assert listed.code == 0
    assert listed.out.splitlines()[0].endswith(
        f"{names['in']} 0/3  decode DecodeError: no schema 9"
    )
    assert "gone 2/5 [1 of 3]" in listed.out.splitlines()[2]
    assert "3 letters: 2 decode DecodeError, 1 preprocess UnusableSample" in listed.err


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize(
    ("asked", "places"),
    [
        (("--error", "DecodeError"), ["0/0", "0/2"]),
        (("--stage", "preprocess"), ["0/1"]),
        (("--topic", "gone"), ["0/2"]),
        (("--topic", "gone", "--stage", "preprocess"), []),
    ],
)
def test_letters_are_chosen_by_all_that_is_asked(config, asked, places):
    listed = skytriage("dead-letters", "list", config, *asked, "--json")

    assert [line["place"] for line in listed.lines] == places


@pytest.mark.usefixtures("letters")
def test_one_letter_is_shown_whole_and_its_bytes_are_written(config, names, tmp_path):
    shown = skytriage(
        "dead-letters", "show", config, "0/1", "--json", "--out", tmp_path / "message"
    )

    assert shown.json["source"] == {
        "topic": names["in"],
        "partition": 0,
        "offset": 4,
        "index": 0,
        "records": 1,
    }
    assert shown.json["headers"]["traceparent"] == "00-1"
    assert (shown.json["key"], shown.json["reason"]) == ("key", "all zero")
    assert (tmp_path / "message").read_bytes() == b"8"


@pytest.mark.usefixtures("letters")
def test_a_person_sees_the_stack_trace_as_it_was(config):
    shown = skytriage("dead-letters", "show", config, "0/1")

    assert "pipeline.errors.UnusableSample: all zero\n" in shown.out


def test_what_a_message_holds_cannot_command_the_terminal(broker, config, names):
    write(broker, names["dead"], b"\x1b[2J", DecodeError("junk"), Origin(names["in"], 0, 0))

    assert "\x1b[2J" not in skytriage("dead-letters", "show", config, "0/0").out


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize("place", ["0/3", "5/0"])
def test_a_place_without_a_letter_is_named(config, place):
    shown = skytriage("dead-letters", "show", config, place)

    assert shown.code == 1
    assert f"there is no letter {place} on" in shown.err


def test_a_place_that_is_none_is_named(config):
    shown = skytriage("dead-letters", "show", config, "seven")

    assert shown.code == 2
    assert "'seven'" in shown.err


@pytest.mark.usefixtures("letters")
def test_a_letter_goes_back_as_it_came(broker, config, names):
    sent = skytriage("dead-letters", "redrive", config, "0/1", "--json")

    name = f"{names['dead']} 0/1"
    assert (sent.code, sent.json["delivered"]) == (0, 1)
    assert sent_back(broker, names) == [(b"8", b"key", {**dict(OWN), REPLAY_HEADER: name.encode()})]


@pytest.mark.usefixtures("letters")
def test_one_that_cannot_go_back_costs_only_itself(broker, config, names):
    sent = skytriage("dead-letters", "redrive", config, "--all", "--json")

    assert (sent.code, sent.json["delivered"], sent.json["failed"]) == (1, 2, 1)
    assert f"{names['dead']} 0/2: there is no topic gone" in sent.err
    assert [value for value, _, _ in sent_back(broker, names)] == [b"7", b"8"]


@pytest.mark.parametrize("asked", [(), ("--all", "--stage", "decode"), ("0/0", "--all")])
def test_what_to_send_back_is_said_and_said_once(config, asked):
    assert skytriage("dead-letters", "redrive", config, *asked).code == 2


def test_a_stranger_s_message_on_the_topic_is_not_sent_anywhere(broker, config, names):
    producer = broker.producer()
    producer.produce(names["dead"], b"hello")
    producer.flush(10)

    sent = skytriage("dead-letters", "redrive", config, "--all")

    assert sent.code == 1
    assert "does not say where it came from" in sent.err
    assert sent_back(broker, names) == []


def test_what_is_sent_back_is_judged_and_marked(broker, config, names):
    write(broker, names["dead"], b"7", DecodeError("no schema"), Origin(names["in"], 0, 3))
    skytriage("dead-letters", "redrive", config, "--all")

    with toy_loop(broker, names, names["in"]):
        broker.read(names["out"], 1)

    tail = ("--topic", names["out"], "--from-beginning", "--count", 1, "--json")
    judged = skytriage("tail", "--bootstrap", broker.bootstrap, *tail).json
    assert (judged["eventIdLong"], judged["isReplay"]) == (7, True)


def test_a_message_that_fails_again_is_sent_back_once_each_time(broker, config, names):
    producer = broker.producer()
    producer.produce(names["in"], b"garbage")
    producer.flush(10)
    for round_ in (1, 2, 3):
        with toy_loop(broker, names, names["in"]):
            broker.read(names["dead"], round_)
        sent = skytriage("dead-letters", "redrive", config, "--all", "--json")
        assert (sent.json["sent"], sent.json["superseded"]) == (1, round_ - 1)
    listed = skytriage("dead-letters", "list", config, "--json").lines
    assert [line["replayOf"] for line in listed] == [
        None,
        f"{names['dead']} 0/0",
        f"{names['dead']} 0/2",
    ], json.dumps(listed, indent=1)
