"""Whatever becomes of frames on their way: each is answered once, and no window has a gap."""

import contextlib
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.core import Alert
from pipeline.errors import UnusableSample
from pipeline.running.joiner import Joiner
from pipeline.running.windows import Windows
from pipeline.streams.strain.parts import split_parts
from tests.running_strain import GPS_S, answers, frame, records, running_lane, strain_of

RATE_HZ = 1024
S = 1_000_000_000
NOISE = np.random.default_rng(1).normal(size=(len(DETECTORS), RATE_HZ)) * 1e-21

frames = st.lists(
    st.tuples(st.sampled_from(DETECTORS), st.integers(0, 40)), min_size=1, max_size=120
)
"""Detector and second, in any order, with repetitions and holes."""


def joined(arrivals, deadline_s=5):
    """The seconds that arrivals close, and how many arrivals were refused."""
    joiner = Joiner(deadline_s)
    seconds, refused = [], 0
    for detector, gps_s in arrivals:
        try:
            seconds += joiner.add(detector, gps_s, NOISE[DETECTORS.index(detector)], gps_s)
        except UnusableSample:
            refused += 1
    return seconds + joiner.end(), refused


@given(frames)
def test_each_arrival_is_in_one_second_or_refused(arrivals):
    seconds, refused = joined(arrivals)

    assert sum(len(second.strain) for second in seconds) + refused == len(arrivals)


@given(frames)
def test_seconds_are_closed_in_order_and_without_a_hole(arrivals):
    seconds, _ = joined(arrivals)
    times = [second.gps_s for second in seconds]

    assert times == list(range(times[0], times[0] + len(times)))


@given(frames, st.integers(1, 10))
def test_nobody_is_waited_for_longer_than_the_deadline(arrivals, deadline_s):
    joiner = Joiner(deadline_s)
    for detector, gps_s in arrivals:
        try:
            joiner.add(detector, gps_s, NOISE[0], gps_s)
        except UnusableSample:
            continue
        behind = joiner.newest_s - joiner.next_s if joiner.next_s is not None else 0
        assert behind <= deadline_s


def windows_of(there):
    """The windows of a series of which each second has the detectors named."""
    windows, joiner, found = Windows(stride_ns=S // 4), Joiner(1), []
    for gps_s, names in enumerate(there):
        for name in sorted(names):
            with contextlib.suppress(UnusableSample):  # back, and a little late
                for second in joiner.add(name, gps_s, NOISE[0], gps_s):
                    found += windows.advance(second)
    return found


there = st.lists(st.sets(st.sampled_from(DETECTORS)), min_size=30, max_size=45)


@settings(max_examples=10, deadline=None)
@given(there)
def test_a_window_has_only_detectors_that_were_there_all_around_it(there):
    for window in windows_of(there):
        begin, end = window.start_ns // S - 2, -(-(window.start_ns + 4 * S) // S)
        for name in window.detectors:
            assert all(name in names for names in there[max(0, begin) : end])
        assert np.isfinite(window.input).all()
        absent = [k for k, name in enumerate(DETECTORS) if name not in window.detectors]
        assert not window.input[:, absent].any()


@settings(max_examples=10, deadline=None)
@given(there)
def test_no_window_is_cut_twice(there):
    starts = [window.start_ns for window in windows_of(there)]

    assert starts == sorted(set(starts))


LONGEST_S = 64
STRAIN = strain_of("H1", LONGEST_S)

turns = st.lists(
    st.fixed_dictionaries(
        {
            "leap_s": st.sampled_from([0] * 6 + [30, 100, -100, -1000, 100_000]),
            "seconds": st.sampled_from([1, 1, 4, LONGEST_S]),
            "missing": st.sampled_from([(), (), (), ("H1",), ("L1",), ("H1", "L1")]),
            "wrong_s": st.sampled_from([0] * 5 + [5, 20, -20, 500]),
            "chunked": st.booleans(),
            "lost": st.sampled_from([0] * 5 + [1]),
            "times": st.sampled_from([1, 1, 1, 2]),
        }
    ),
    max_size=12,
)
"""What two detectors send next: their clocks leap, frames get longer, one's clock is wrong, a chunk is
lost, all is sent twice."""


def messages_of(turns):
    """Messages with their keys, and how late it is then [s]."""
    at_s, sent = 0, []
    for number, turn in enumerate(turns):
        at_s += turn["leap_s"]
        for name in {"H1", "L1"} - set(turn["missing"]):
            wrong_s = turn["wrong_s"] if name == "H1" else 0
            value = frame(name, 0, STRAIN, seconds=turn["seconds"], later_s=at_s + wrong_s)
            values = [value]
            if turn["chunked"]:
                values = split_parts(
                    value, part_id=number, gps_s=GPS_S + at_s, part_bytes=len(value) // 2 + 1
                )[turn["lost"] :]
            sent += [(name.encode(), value) for value in values] * turn["times"]
        at_s += turn["seconds"]
    return sent, at_s


CLEAN_S = 100
"""After which nothing of what was before matters."""

WAITING = 2 * 4
"""The last messages of two detectors wait for more."""


STEADY = {
    "leap_s": 0,
    "seconds": 1,
    "missing": (),
    "wrong_s": 0,
    "chunked": False,
    "lost": 0,
    "times": 1,
}


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns)
@example([*[STEADY | {"chunked": True}] * 6, *[STEADY | {"chunked": True, "leap_s": -1000}]])
@example([*[STEADY] * 6, STEADY | {"leap_s": 100}, *[STEADY | {"seconds": 64}] * 3])
def test_after_whatever_came_each_message_is_answered_once_and_in_order(turns):
    sent, at_s = messages_of(turns)
    clean = [
        (name.encode(), frame(name, 0, STRAIN, seconds=4, later_s=at_s + k))
        for k in range(0, CLEAN_S, 4)
        for name in ("H1", "L1")
    ]
    keyed = [*sent, *clean]
    messages = [
        replace(message, key=key)
        for message, (key, _) in zip(records([v for _, v in keyed]), keyed, strict=True)
    ]
    found = answers(running_lane(), messages, end=False)

    offsets = [offset for offset, answer in found if is_of_a_message(answer)]
    assert offsets == list(range(len(offsets)))
    assert len(offsets) >= len(messages) - WAITING


def is_of_a_message(answer):
    return not isinstance(answer, Alert) or answer.kind == "piece"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(turns)
def test_at_the_end_nothing_is_left_without_an_answer(turns):
    sent, _ = messages_of(turns)
    found = answers(running_lane(), records([value for _, value in sent]))

    offsets = [offset for offset, answer in found if is_of_a_message(answer)]
    assert offsets == list(range(len(sent)))
