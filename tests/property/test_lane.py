"""A batch is nothing but its rows: order and neighbours change no answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import Alert, Origin, Record
from pipeline.errors import DecodeError
from pipeline.lanes import open_lane
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings
from tests.observed import native_packets

MOST = 12
TOLERANCE = 2e-2
"""Of one image in batches of different size, in bfloat16; see models/runtime.py."""

PACKETS = native_packets(40)


@pytest.fixture(scope="module")
def lane():
    workers = WorkerSettings(max_batch=MOST)
    return open_lane("hits", StreamSettings(topics=["t"]), SchemaSettings(), workers, threads=1)


def answers(lane, packets):
    records = [Record(packet, Origin("t", 0, i)) for i, packet in enumerate(packets)]
    prepared = lane.prepare(records)
    shape = lane.classifier.network.input_shape
    inputs = np.zeros((MOST, *shape), np.float32)
    rows = len(prepared.inputs)
    inputs[:rows] = prepared.inputs
    return [answer for _, answer in lane.predict(prepared.items, inputs, rows).answers()]


def said(answer):
    """Return who was judged, or that nobody was."""
    return answer.candidate.event.event_id if isinstance(answer, Alert) else type(answer).__name__


chosen = st.lists(st.integers(0, len(PACKETS) - 1), min_size=1, max_size=MOST, unique=True)


@settings(max_examples=30)
@given(chosen, st.randoms(use_true_random=False))
def test_permuting_a_batch_permutes_the_scores(lane, indices, random):
    shuffled = random.sample(indices, len(indices))
    before = dict(zip(indices, answers(lane, [PACKETS[i] for i in indices]), strict=True))
    after = answers(lane, [PACKETS[i] for i in shuffled])
    assert [said(answer) for answer in after] == [said(before[i]) for i in shuffled]
    for index, answer in zip(shuffled, after, strict=True):
        assert abs(answer.score - before[index].score) <= TOLERANCE


@settings(max_examples=30)
@given(chosen.filter(lambda i: len(i) < MOST), st.binary(max_size=60), st.data())
def test_a_bad_message_changes_no_neighbour(lane, indices, garbage, data):
    good = [PACKETS[i] for i in indices]
    place = data.draw(st.integers(0, len(good)))
    alone = answers(lane, good)
    mixed = answers(lane, [*good[:place], garbage, *good[place:]])
    bad = mixed.pop(place)
    assert isinstance(bad, DecodeError)
    assert [answer.candidate.event.event_id for answer in mixed] == [said(a) for a in alone]
    for one, other in zip(mixed, alone, strict=True):
        assert one.score == other.score


def test_probabilities_sum_to_one(lane):
    for answer in answers(lane, PACKETS[:MOST]):
        assert sum(answer.probabilities) == pytest.approx(1, abs=1e-5)
