"""Running strain through its lane: what is said of each message, and which events are found."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core import Alert
from pipeline.errors import DecodeError, MissingInput, UnusableSample
from pipeline.streams.strain.gwf import write_gwf
from pipeline.streams.strain.parts import split_parts
from pipeline.tally import Memory
from tests.running_strain import (
    GPS_S,
    RATE_HZ,
    answers,
    frame,
    records,
    running_lane,
    strain_of,
)

SECONDS, BURST_S = 30, 20.3


@pytest.fixture(scope="module")
def h1():
    return strain_of("H1", SECONDS, [BURST_S])


@pytest.fixture(scope="module")
def l1():
    return strain_of("L1", SECONDS, [BURST_S])


def both(h1, l1, seconds=range(SECONDS)):
    return [frame(name, k, strain) for k in seconds for name, strain in (("H1", h1), ("L1", l1))]


def events(found):
    return [answer for _, answer in found if isinstance(answer, Alert) and answer.kind == "event"]


def pieces(found):
    return [(offset, a) for offset, a in found if not isinstance(a, Alert) or a.kind == "piece"]


def errors(found):
    return {offset: answer for offset, answer in found if not isinstance(answer, Alert)}


def test_a_burst_is_one_event_at_its_time(h1, l1):
    (event,) = events(answers(running_lane(), records(both(h1, l1))))

    assert abs(event.candidate.event.time.value - GPS_S - BURST_S) < 0.1
    assert event.candidate.strain.detectors == ("H1", "L1")
    assert len(event.candidate.strain.windows) > 4
    assert event.is_alert


def test_an_event_says_its_false_alarm_rate_which_is_not_below_one_in_the_time_listened_to(h1, l1):
    (event,) = events(answers(running_lane(), records(both(h1, l1))))

    assert event.candidate.strain.far_hz == 1 / 7200


def test_bursts_far_apart_are_events_of_their_own():
    bursts = [10.1, 20.3]
    strain = strain_of("H1", SECONDS, bursts)
    found = events(answers(running_lane(), records([frame("H1", k, strain) for k in range(30)])))

    times = [event.candidate.event.time.value - GPS_S for event in found]
    assert np.allclose(times, bursts, atol=0.1)


def test_noise_is_no_event():
    strain = strain_of("H1", SECONDS)

    assert not events(answers(running_lane(), records([frame("H1", k, strain) for k in range(30)])))


def test_every_message_is_answered_once_in_the_order_of_messages(h1, l1):
    messages = records(both(h1, l1))
    found = pieces(answers(running_lane(), messages))

    assert [offset for offset, _ in found] == list(range(len(messages)))


def test_messages_at_the_edges_of_a_stretch_are_set_aside_with_the_reason(h1, l1):
    found = errors(answers(running_lane(), records(both(h1, l1))))

    assert set(found) == {0, 1, 2, 3, 56, 57, 58, 59}
    assert "no window has H1 at GPS 1400000000: beside a gap" in str(found[0])


def test_a_message_is_classified_by_its_loudest_window(h1, l1):
    found = dict(pieces(answers(running_lane(), records(both(h1, l1)))))

    assert found[40].score > 0.99  # the burst's second
    assert found[20].score < 0.01
    assert not found[40].is_alert  # alerts are of events


def test_a_detector_that_is_missing_is_said_and_holds_nobody_up(h1):
    lane = running_lane()
    found = answers(lane, records([frame("H1", k, h1) for k in range(30)]), end=False)

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1",)
    assert event.quality == {"missingL1": 1.0, "missingV1": 1.0}


def test_a_detector_without_a_background_is_set_aside_and_takes_no_event_from_the_others(h1, l1):
    v1 = strain_of("V1", 30)
    lane = running_lane(measured=("H1", "L1"))
    messages = [
        frame(name, k, s)
        for k in range(30)
        for name, s in zip(("H1", "L1", "V1"), (h1, l1, v1), strict=True)
    ]
    found = answers(lane, records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1", "L1")
    refused = errors(found)
    assert set(refused) >= set(range(2, 90, 3))
    assert str(refused[32]) == "strain of V1, and the background is of H1, L1"


def test_a_file_of_several_detectors_is_judged_by_those_with_a_background():
    strain = {name: strain_of(name, 20) for name in ("H1", "V1")}
    file = write_gwf(
        strain,
        gps_start_s=GPS_S,
        sample_rate_hz=RATE_HZ,
        words=dict.fromkeys(strain, np.full(20, 3)),
    )
    found = answers(running_lane(measured=("H1",)), records([file]))

    ((_, answer),) = found
    assert answer.quality["missingV1"] == 1


def test_what_comes_after_its_second_was_closed_is_set_aside_and_counted(h1, l1):
    messages = both(h1, l1)
    late = messages.pop(2 * 18 + 1)  # L1 of second 18
    messages.insert(2 * 26, late)
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1",)  # L1 has a gap
    refused = errors(found)[2 * 26]
    assert isinstance(refused, UnusableSample)
    assert "L1 at GPS 1400000018 is late" in str(refused)


def test_a_detector_may_be_behind_others_by_less_than_the_deadline(h1, l1):
    messages = []
    for k in range(SECONDS + 3):
        messages += [frame("H1", k, h1)] * (k < SECONDS) + [frame("L1", k - 3, l1)] * (k >= 3)
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1", "L1")
    assert len(errors(found)) == 8  # the first and the last two seconds of each


def test_a_detector_that_comes_back_is_waited_for_again():
    h1, l1 = (strain_of(name, 45, [36.3]) for name in ("H1", "L1"))
    messages = []
    for k in range(45):
        messages += [frame("H1", k, h1)] + [frame("L1", k, l1)] * (k >= 15)
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1", "L1")


def test_a_repeated_frame_is_set_aside_and_changes_nothing(h1, l1):
    messages = both(h1, l1)
    messages.insert(30, messages[28])
    found = answers(running_lane(), records(messages))

    assert len(events(found)) == 1
    assert "is late" in str(errors(found)[30])


@pytest.mark.parametrize("hole", ["nan", "flagged", "flat", "lost"])
def test_a_gap_gives_no_alert_and_takes_away_what_is_beside_it(hole):
    strain = strain_of("H1", 60, [20.3])
    values = [frame("H1", k, strain) for k in range(60)]
    at = 30 * 2048
    spoilt = strain.copy()
    if hole == "nan":
        spoilt[at + 100 : at + 200] = np.nan
        values[30] = frame("H1", 30, spoilt)
    elif hole == "flagged":
        values[30] = frame("H1", 30, spoilt, words=np.array([1]))
    elif hole == "flat":
        spoilt[at : at + 2048] = 0.0
        values[30] = frame("H1", 30, spoilt)
    else:
        values[30] = b"\x89HDF\r\n\x1a\n, and then nothing"
    found = answers(running_lane(), records(values))

    (event,) = events(found)
    assert abs(event.candidate.event.time.value - GPS_S - 20.3) < 0.1
    assert {28, 29, 30, 31, 32} <= set(errors(found))
    assert not {27, 33} & set(errors(found))


def test_a_stretch_shorter_than_the_noise_takes_to_know_is_set_aside(h1):
    found = answers(running_lane(), records([frame("H1", k, h1) for k in range(15)]))

    assert len(errors(found)) == 15


def test_frames_of_several_seconds_say_the_same_as_those_of_one(h1):
    lane = running_lane()
    long = answers(lane, records([frame("H1", 0, h1, seconds=SECONDS)]))
    (event,) = events(long)
    (short,) = events(answers(running_lane(), records([frame("H1", k, h1) for k in range(30)])))

    assert abs(event.candidate.event.time.value - short.candidate.event.time.value) < 0.02
    ((_, piece),) = pieces(long)
    assert piece.score > 0.99


def test_a_frame_whose_time_is_far_from_all_others_is_set_aside_alone(h1, l1):
    messages = both(h1, l1)
    astray = frame("H1", 0, h1, later_s=100_000)
    messages.insert(20, astray)
    found = answers(running_lane(), records(messages))

    assert len(events(found)) == 1
    assert "far from the time of all others" in str(errors(found)[20])


def test_a_detector_whose_clock_is_ahead_takes_nothing_from_the_others(h1, l1):
    messages = both(h1, l1)
    messages[2::2] = [frame("H1", k, h1, later_s=30) for k in range(1, SECONDS)]
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("L1",)
    refused = [str(errors(found)[offset]) for offset in range(2, len(messages), 2)]
    assert all("far from the time of all others" in error for error in refused)


def test_a_detector_that_sends_again_what_it_could_not_for_minutes_takes_nothing_from_the_others():
    l1, old = strain_of("L1", SECONDS, [BURST_S]), strain_of("H1", 3)
    messages = []
    for k in range(SECONDS):
        messages.append(frame("L1", k, l1))
        messages += [frame("H1", n, old, later_s=k - 300) for n in range(3) if k > 15]
    found = answers(running_lane(), records(messages))

    assert len(events(found)) == 1
    assert sum(isinstance(a, UnusableSample) for a in errors(found).values()) == 4 + 3 * 14


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


def test_a_second_that_all_detectors_lost_costs_nobody_more_than_that(h1, l1):
    messages = both(h1, l1, [k for k in range(SECONDS) if k != 12])
    found = errors(answers(running_lane(), records(messages)))

    assert not [error for error in found.values() if "is late" in str(error)]


def test_a_clock_that_is_ahead_by_just_the_deadline_takes_nothing_from_the_others(h1, l1):
    messages = both(h1, l1)
    messages.insert(20, frame("V1", 10, h1, later_s=5))
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1", "L1")
    assert not [error for error in errors(found).values() if "is late" in str(error)]


def test_time_that_leaps_for_good_is_believed(h1, l1):
    lane = running_lane()
    first = records(both(h1, l1))
    other = strain_of("H1", SECONDS, [BURST_S], seed=2)
    later = [frame("H1", k, other, later_s=10_000) for k in range(SECONDS)]
    found = answers(lane, [*first, *records(later, first=len(first))])

    times = [event.candidate.event.time.value - GPS_S for event in events(found)]
    assert np.allclose(times, [BURST_S, 10_000 + BURST_S], atol=0.1)
    assert [offset for offset, _ in pieces(found)] == list(range(len(first) + SECONDS))


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


def test_a_frame_of_more_than_a_minute_is_refused():
    strain = strain_of("H1", 65)
    (answer,) = errors(
        answers(running_lane(), records([frame("H1", 0, strain, seconds=65)]))
    ).values()

    assert isinstance(answer, DecodeError)
    assert "the file is of 65 s" in str(answer)


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


def test_a_file_that_is_never_complete_holds_nobody_up(h1, l1):
    messages = both(h1, l1)
    first, *_ = split_parts(frame("L1", 5, l1), part_id=5, gps_s=GPS_S + 5, part_bytes=15_000)
    messages[11] = first  # and L1 goes on as if nothing had been
    found = answers(running_lane(), records(messages), end=False)

    assert isinstance(errors(found)[11], MissingInput)
    assert max(offset for offset, _ in pieces(found)) > 40
    assert len(events(found)) == 1


def test_an_event_before_the_end_of_all_strain_is_told_without_waiting_for_more():
    strain = strain_of("H1", 40, [20.3])
    flagged = np.array([0])
    values = [frame("H1", k, strain, words=None if k < 24 else flagged) for k in range(40)]
    found = answers(running_lane(), records(values), end=False)

    assert len(events(found)) == 1


def test_strain_that_no_detector_could_measure_is_a_gap(h1):
    strain = h1.copy()
    strain[25 * 2048 + 7] = 1e-3
    found = answers(running_lane(), records([frame("H1", k, strain) for k in range(SECONDS)]))

    assert {25} <= set(errors(found))
    (event,) = events(found)
    assert abs(event.candidate.event.time.value - GPS_S - BURST_S) < 0.1
