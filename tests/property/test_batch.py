"""Batches keep every item once and in order, whatever the pace of both sides."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.batch import Batches
from pipeline.core import Origin, Record
from pipeline.errors import DecodeError
from pipeline.lane import Prepared
from pipeline.record_lane import Item

CAPACITY = 8


def prepared(numbers, bad=frozenset()):
    items = [
        Item(
            Record(b"", Origin("t", 0, number)),
            decoded_us=number,
            candidate=None,
            quality={},
            error=DecodeError("bad") if number in bad else None,
        )
        for number in numbers
    ]
    rows = [[number] for number in numbers if number not in bad]
    return Prepared(items, np.array(rows, np.float32).reshape(len(rows), 1))


@given(
    sizes=st.lists(st.integers(1, CAPACITY), max_size=30),
    bad=st.sets(st.integers(0, 60)),
    data=st.data(),
)
def test_every_item_comes_out_once_in_order_with_its_own_row(sizes, bad, data):
    batches = Batches({"s": (1,)}, CAPACITY)
    came, rows, sent = [], [], 0

    def take():
        batch = batches.take(0)
        if batch is not None:
            came.extend(item.record.origin.offset for item in batch.items)
            rows.extend(batch.inputs[: batch.rows, 0].tolist())
            assert len(batch.items) <= CAPACITY
            batches.release(batch)

    for size in sizes:
        if data.draw(st.booleans()) or batches.wait_for_room(0) < size:
            take()
        batches.add("s", prepared(range(sent, sent + size), bad))
        sent += size
    while len(came) < sent:
        take()
    assert came == list(range(sent))
    assert rows == [n for n in range(sent) if n not in bad]


def test_a_lone_item_is_there_at_once():
    batches = Batches({"s": (1,)}, CAPACITY)
    batches.add("s", prepared([0]))
    assert len(batches.take(0).items) == 1


def test_the_stream_that_has_waited_longest_goes_first():
    batches = Batches({"a": (1,), "b": (1,)}, CAPACITY)
    batches.add("b", prepared([1]))
    batches.add("a", prepared([2]))
    assert [batches.take(0).stream, batches.take(0).stream] == ["b", "a"]


def test_there_is_no_room_while_one_batch_is_full_and_the_other_in_the_network():
    batches = Batches({"s": (1,)}, CAPACITY)
    batches.add("s", prepared(range(CAPACITY)))
    in_network = batches.take(0)
    batches.add("s", prepared(range(CAPACITY)))
    assert batches.wait_for_room(0) == 0
    batches.release(in_network)
    batches.take(0)
    assert batches.wait_for_room(0) == CAPACITY


def test_what_is_abandoned_is_gone_and_its_room_is_free():
    batches = Batches({"s": (1,)}, CAPACITY)
    batches.add("s", prepared([0]))
    batches.abandon()
    assert batches.take(0) is None
    assert batches.wait_for_room(0) == CAPACITY
    assert batches.generation == 1


def test_a_closed_one_is_drained_only_when_it_is_empty():
    batches = Batches({"s": (1,)}, CAPACITY)
    batches.add("s", prepared([0]))
    batches.close()
    assert not batches.drained
    batches.take(0)
    assert batches.drained
