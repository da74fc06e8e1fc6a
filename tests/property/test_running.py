"""Whatever becomes of frames on their way: each is answered once, and no window has a gap."""

import contextlib

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.errors import UnusableSample
from pipeline.running.joiner import Joiner
from pipeline.running.windows import Windows
from tests.running_strain import answers, frame, records, running_lane, strain_of

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


SECONDS = strain_of("H1", 12)

sent = st.lists(
    st.tuples(st.sampled_from(DETECTORS), st.integers(0, 11), st.sampled_from([0, 20, 100])),
    min_size=1,
    max_size=40,
)
"""Detector, second, and how much later its clock says it is [s]."""


@settings(max_examples=25, deadline=None)
@given(sent)
@example([("H1", 0, 0), ("H1", 1, 20), ("H1", 1, 20), ("H1", 0, 20)])  # held, again, believed
def test_whatever_clocks_say_each_message_is_answered_once_and_in_order(sent):
    values = [frame(name, second, SECONDS, later_s=later_s) for name, second, later_s in sent]
    found = answers(running_lane(), records(values))

    assert [offset for offset, _ in found] == list(range(len(values)))
