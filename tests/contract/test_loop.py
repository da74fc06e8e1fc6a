"""Every stream through the loop and a real broker: one result for each record."""

import io

import fastavro
import pytest

from pipeline.container import MAGIC
from pipeline.dead_letters import dead_letter_origin
from pipeline.received import origin_of
from pipeline.streams import STREAMS
from pipeline.wire import join_containers
from tests.stream_lanes import open_stream, simulated
from tests.toy_stream import toy_loop

COUNT = 20


@pytest.fixture(params=STREAMS)
def name(request):
    return request.param


@pytest.fixture
def judged(name, broker, topics, tmp_path):
    """Send messages through the loop; return the results and the dead letters."""
    names = {which: topics.create(which, partitions=1) for which in ("in", "out", "alerts", "dead")}

    def run(values, results, letters):
        producer = broker.producer()
        for value in values:
            producer.produce(names["in"], value)
        assert producer.flush(30) == 0
        with toy_loop(broker, names, names["in"], lane=open_stream(name, tmp_path)):
            answers = broker.read(names["out"], results)
            dead = broker.read(names["dead"], letters)
        records = [next(fastavro.reader(io.BytesIO(answer.value()))) for answer in answers]
        return records, dead

    return run


def test_each_packet_has_a_result_and_what_is_none_a_dead_letter(name, judged):
    packets = simulated(name, COUNT)

    records, letters = judged([*(packet.data for packet in packets), b"junk"], COUNT, 1)

    assert sorted(record["eventId"] for record in records) == sorted(p.event_id for p in packets)
    assert [letter.value() for letter in letters] == [b"junk"]
    assert dead_letter_origin(letters[0].headers()).offset == COUNT


def test_each_record_of_a_message_has_a_result_of_its_own(name, judged):
    first, *others = (p.data for p in simulated(name, COUNT) if p.data.startswith(MAGIC))
    together = [first] * 3  # of one schema, whatever the stream

    records, letters = judged([join_containers(together), *others], 3 + len(others), 0)

    assert letters == []
    places = sorted((r["source"]["offset"], r["source"]["index"]) for r in records)
    assert places == [(0, 0), (0, 1), (0, 2), *((n + 1, 0) for n in range(len(others)))]
    assert {origin_of(r["source"]).records for r in records} == {1, 3}
