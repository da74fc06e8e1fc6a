"""``skytriage publish`` to a real broker."""

import io
import os
import time

import fastavro
import pytest

from pipeline import publish
from pipeline.simulation.maxi_events import DEC_DEG, RA_DEG
from pipeline.streams.strain.frames import read_frames
from tests.command_line import skytriage
from tests.strain_files import hdf5

SCHEMA = fastavro.parse_schema(
    {"type": "record", "name": "packet", "fields": [{"name": "n", "type": "long"}]}
)


def container(*numbers):
    data = io.BytesIO()
    fastavro.writer(data, SCHEMA, [{"n": number} for number in numbers])
    return data.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Three packets in two containers, and other things that lie in such folders."""
    (tmp_path / "night").mkdir()
    (tmp_path / "a.avro").write_bytes(container(1))
    (tmp_path / "night" / "b.avro").write_bytes(container(2, 3))
    (tmp_path / "night" / "broken.avro").write_bytes(b"Obj\x01 and then nothing")
    (tmp_path / "packet.avsc").write_text("{}")
    (tmp_path / ".cache").write_text("x")
    return tmp_path


@pytest.fixture
def send(broker, topics, folder):
    """Publish the folder, or other paths, to a topic of the test."""
    topic = topics.create("in", partitions=1)

    def run(*arguments, paths=(folder,)):
        where = ("--bootstrap", broker.bootstrap, "--topic", topic, "--json")
        return skytriage("publish", "hits", *paths, *where, *arguments)

    run.topic = topic
    return run


def number(message):
    (record,) = fastavro.reader(io.BytesIO(message.value()))
    return record["n"]


def test_each_record_of_a_container_is_a_message(broker, send, folder):
    sent = send(paths=[folder / "a.avro", folder / "night" / "b.avro"])

    assert sent.code == 0
    assert [number(message) for message in broker.read(send.topic, 3)] == [1, 2, 3]


def test_several_records_share_a_message(broker, send, folder):
    paths = [folder / "a.avro", folder / "night" / "b.avro"]
    sent = send("--batch", 2, paths=paths)
    messages = broker.read(send.topic, 2)

    assert sent.json["delivered"] == 2
    assert [
        [record["n"] for record in fastavro.reader(io.BytesIO(message.value()))]
        for message in messages
    ] == [[1, 2], [3]]


def test_a_message_of_more_records_than_the_daemon_takes_is_refused(send):
    sent = send("--batch", 4097)

    assert sent.code == 2
    assert "at most 4096 records" in sent.err


def test_what_cannot_be_split_is_sent_as_it_is(broker, send, folder):
    sent = send()
    values = [message.value() for message in broker.read(send.topic, 4)]

    assert sent.json["delivered"] == 4
    assert values[-1] == (folder / "night" / "broken.avro").read_bytes()


def test_what_is_left_out_of_a_folder_is_told(send, folder):
    sent = send()

    assert sent.json["leftOut"] == [str(folder / ".cache"), str(folder / "packet.avsc")]
    assert "left out 2 files" in sent.err


def test_the_headers_say_which_record_of_which_file(broker, send, folder):
    send("--exclude", "broken*")
    headers = [dict(message.headers()) for message in broker.read(send.topic, 3)]

    assert headers[2] == {
        "skytriage.file": str(folder / "night" / "b.avro").encode(),
        "skytriage.index": b"1",
    }


def test_all_of_it_is_sent_again_as_often_as_asked_for(broker, send):
    sent = send("--repeat", 3, "--exclude", "broken*")

    assert sent.json["sent"] == 9
    assert [number(m) for m in broker.read(send.topic, 9)] == [1, 2, 3] * 3


def test_messages_are_spaced_evenly(broker, send):
    send("--rate", 20, "--repeat", 4, "--exclude", "broken*")
    times_ms = [message.timestamp()[1] for message in broker.read(send.topic, 12)]

    # 11 gaps of 50 ms: never sooner, and late only as far as this machine is busy.
    assert times_ms[-1] - times_ms[0] >= 500
    assert all(late >= 50 * gap - 15 for gap, late in enumerate(t - times_ms[0] for t in times_ms))


def test_a_topic_that_is_not_there_is_an_error_before_anything_is_sent(send):
    sent = send("--topic", "nowhere")

    assert sent.code == 1
    assert "there is no topic nowhere" in sent.err


def test_a_message_larger_than_the_topic_takes_fails_and_is_told(topics, send, tmp_path):
    (tmp_path / "large.bin").write_bytes(os.urandom(5000))  # which no compression makes small
    small = topics.create("small", max_message_bytes="1000")
    sent = send("--topic", small, paths=[tmp_path / "large.bin"])

    assert (sent.code, sent.json["failed"]) == (1, 1)
    assert "large.bin [0]" in sent.err
    assert "max.message.bytes" in sent.err


def test_a_message_larger_than_the_producer_takes_fails_and_is_told(send, tmp_path):
    (tmp_path / "large.bin").write_bytes(os.urandom(5000))  # which no compression makes small
    sent = send("--set", "message.max.bytes=2000", paths=[tmp_path / "large.bin"])

    assert (sent.code, sent.json["failed"]) == (1, 1)
    assert "message.max.bytes" in sent.err


def test_a_broker_that_does_not_answer_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "ANSWER_TIMEOUT_S", 0.5)
    (tmp_path / "a").write_bytes(b"x")
    began_s = time.monotonic()
    sent = skytriage(
        "publish", "hits", tmp_path / "a", "--bootstrap", "127.0.0.1:1", "--set", "log_level=0"
    )

    assert sent.code == 1
    assert "no broker answers" in sent.err
    assert time.monotonic() - began_s < 10


def test_frames_of_strain_are_keyed_by_detector_and_sent_in_real_time(broker, topics, tmp_path):
    topic = topics.create("strain", partitions=1)
    for detector in ("H1", "L1"):
        (tmp_path / f"{detector}.hdf5").write_bytes(hdf5(detector=detector, seconds=3))
    began_s = time.monotonic()

    sent = skytriage(
        *("publish", "strain", tmp_path, "--as-frames", "--realtime"),
        *("--bootstrap", broker.bootstrap, "--topic", topic, "--json"),
    )

    took_s = time.monotonic() - began_s
    messages = broker.read(topic, 6)
    assert sent.json["delivered"] == 6
    assert [message.key() for message in messages] == [b"H1", b"L1"] * 3
    assert all(read_frames(message.value()) for message in messages)
    assert took_s >= 2  # from the first second to the third


def test_a_list_of_events_is_sent_as_an_image_of_each_transit(broker, topics, tmp_path):
    topic = topics.create("images", partitions=1)
    skytriage("simulate", "maxi", "--events", "--count", 3, "--out", tmp_path / "events")
    field = ("--ra", RA_DEG, "--dec", DEC_DEG, "--exposure", 100)

    sent = skytriage(
        *("publish", "maxi", tmp_path / "events", "--topic", topic),
        *("--bootstrap", broker.bootstrap, "--repeat", 2, *field),
    )

    assert sent.code == 0
    images = [image(message) for message in broker.read(topic, 6)]
    assert images[3:] == images[:3]
    assert {one["exposureCm2S"] for one in images} == {100.0}
    assert len({one["imageId"] for one in images}) == 3


def test_what_was_sent_before_a_refused_file_arrives(broker, topics, tmp_path):
    topic = topics.create("images", partitions=1)
    skytriage("simulate", "maxi", "--events", "--count", 1, "--out", tmp_path / "events")
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    paths = (tmp_path / "a.jpg", tmp_path / "events")

    sent = skytriage("publish", "maxi", *paths, "--topic", topic, "--bootstrap", broker.bootstrap)

    assert sent.code == 1
    assert "is a list of events: say with --ra and --dec" in sent.err
    assert image(broker.read(topic, 1)[0])["format"] == "jpeg"


def image(message):
    (record,) = fastavro.reader(io.BytesIO(message.value()))
    return record
