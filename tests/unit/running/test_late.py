"""Frames that come late, twice, out of time or not at all, and what they cost the others."""

import numpy as np

from pipeline.errors import UnusableSample
from tests.running_strain import (
    BURST_S,
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


def test_a_second_that_all_detectors_lost_costs_nobody_more_than_that(h1, l1):
    messages = both(h1, l1, [k for k in range(SECONDS) if k != 12])
    found = errors(answers(running_lane(), records(messages)))

    assert not [error for error in found.values() if "is late" in str(error)]


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


def test_a_clock_that_is_ahead_by_just_the_deadline_takes_nothing_from_the_others(h1, l1):
    messages = both(h1, l1)
    messages.insert(20, frame("V1", 10, h1, later_s=5))
    found = answers(running_lane(), records(messages))

    (event,) = events(found)
    assert event.candidate.strain.detectors == ("H1", "L1")
    assert not [error for error in errors(found).values() if "is late" in str(error)]


def test_a_detector_that_sends_again_what_it_could_not_for_minutes_takes_nothing_from_the_others():
    l1, old = strain_of("L1", SECONDS, [BURST_S]), strain_of("H1", 3)
    messages = []
    for k in range(SECONDS):
        messages.append(frame("L1", k, l1))
        messages += [frame("H1", n, old, later_s=k - 300) for n in range(3) if k > 15]
    found = answers(running_lane(), records(messages))

    assert len(events(found)) == 1
    assert sum(isinstance(a, UnusableSample) for a in errors(found).values()) == 4 + 3 * 14


def test_time_that_leaps_for_good_is_believed(h1, l1):
    lane = running_lane()
    first = records(both(h1, l1))
    other = strain_of("H1", SECONDS, [BURST_S], seed=2)
    later = [frame("H1", k, other, later_s=10_000) for k in range(SECONDS)]
    found = answers(lane, [*first, *records(later, first=len(first))])

    times = [event.candidate.event.time.value - GPS_S for event in events(found)]
    assert np.allclose(times, [BURST_S, 10_000 + BURST_S], atol=0.1)
    assert [offset for offset, _ in pieces(found)] == list(range(len(first) + SECONDS))
