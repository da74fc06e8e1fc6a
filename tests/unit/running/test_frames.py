"""Frames of many seconds and in chunks, and messages that are read again after a restart."""

from dataclasses import replace

import pytest

from pipeline.core import Alert
from pipeline.errors import DecodeError, MissingInput
from pipeline.streams.strain.parts import split_parts
from pipeline.tally import Memory
from tests.running_strain import (
    GPS_S,
    SECONDS,
    answers,
    both,
    errors,
    events,
    frame,
    pieces,
    records,
    running_lane,
    strain_of,
)


def test_frames_of_several_seconds_say_the_same_as_those_of_one(h1):
    lane = running_lane()
    long = answers(lane, records([frame("H1", 0, h1, seconds=SECONDS)]))
    (event,) = events(long)
    (short,) = events(answers(running_lane(), records([frame("H1", k, h1) for k in range(30)])))

    assert abs(event.candidate.event.time.value - short.candidate.event.time.value) < 0.02
    ((_, piece),) = pieces(long)
    assert piece.score > 0.99


def test_long_frames_of_detectors_in_messages_of_their_own_are_joined(h1, l1):
    messages = [
        frame(name, k, strain, seconds=10)
        for k in range(0, SECONDS, 10)
        for name, strain in (("H1", h1), ("L1", l1))
    ]
    (event,) = events(answers(running_lane(), records(messages)))

    assert event.candidate.strain.detectors == ("H1", "L1")


def test_a_frame_of_which_a_part_was_there_before_says_how_much(h1):
    values = [frame("H1", k, h1, seconds=4 if k == 10 else 1) for k in range(SECONDS)]
    del values[12:14]  # of it
    values.insert(10, frame("H1", 10, h1))
    found = dict(pieces(answers(running_lane(), records(values))))

    assert found[11].quality["refusedFraction"] == 1 / 4
    assert found[11].status == "degraded"


def test_a_frame_of_more_than_a_minute_is_refused():
    strain = strain_of("H1", 65)
    (answer,) = errors(
        answers(running_lane(), records([frame("H1", 0, strain, seconds=65)]))
    ).values()

    assert isinstance(answer, DecodeError)
    assert "the file is of 65 s" in str(answer)


def test_a_frame_in_chunks_is_answered_chunk_by_chunk(h1):
    values = []
    for k in range(SECONDS):
        values += split_parts(frame("H1", k, h1), part_id=k, gps_s=GPS_S + k, part_bytes=15_000)
    found = answers(running_lane(), records(values))

    assert len(events(found)) == 1
    names = [a.candidate.event.event_id for _, a in pieces(found) if isinstance(a, Alert)]
    assert names[:2] == ["H1-1400000002-1 chunk 1/2", "H1-1400000002-1 chunk 2/2"]
    assert len(pieces(found)) == len(values)


def test_a_lost_chunk_is_a_gap(h1):
    values = []
    for k in range(SECONDS):
        values += split_parts(frame("H1", k, h1), part_id=k, gps_s=GPS_S + k, part_bytes=15_000)
    del values[2 * 10]
    found = errors(answers(running_lane(), records(values)))

    assert isinstance(found[20], MissingInput)


def test_a_file_that_is_never_complete_holds_nobody_up(h1, l1):
    messages = both(h1, l1)
    first, *_ = split_parts(frame("L1", 5, l1), part_id=5, gps_s=GPS_S + 5, part_bytes=15_000)
    messages[11] = first  # and L1 goes on as if nothing had been
    found = answers(running_lane(), records(messages), end=False)

    assert isinstance(errors(found)[11], MissingInput)
    assert max(offset for offset, _ in pieces(found)) > 40
    assert len(events(found)) == 1


@pytest.mark.parametrize("stop_after", [10, 35, 41, 44, 47, 52])
def test_read_again_from_a_commit_it_goes_on_as_if_nothing_had_happened(h1, l1, stop_after):
    messages = records(both(h1, l1))
    whole = answers(running_lane(), messages)
    memories = []
    before = answers(running_lane(), messages[:stop_after], end=False, memories=memories)
    answered = max((offset for offset, _ in pieces(before)), default=-1) + 1
    memory = next((m[key] for m in reversed(memories) for key in m), Memory(answered, ""))
    first = min(memory.first, answered)
    again = [
        replace(message, note=memory.note if message.origin.offset < answered else None)
        for message in messages[first:]
    ]
    after = answers(running_lane(), again)

    assert [offset for offset, _ in pieces(before + after)] == list(range(len(messages)))
    assert identities(before + after) == identities(whole)


def identities(found):
    return [event.alert_id for event in events(found)]


def test_what_is_no_frame_among_frames_is_not_answered_again(h1):
    values = [frame("H1", k, h1) for k in range(SECONDS)]
    values.insert(24, b"junk")
    messages = records(values)
    again = [replace(m, note="0") for m in messages[:28]] + messages[28:]

    lane = running_lane()
    answered = [offset for offset, _ in pieces(answers(lane, again))]

    assert answered == list(range(28, len(values)))
