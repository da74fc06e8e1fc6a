"""Which events running strain finds, with which detectors, and what it says of each message."""

import numpy as np
import pytest

from pipeline.streams.strain.gwf import write_gwf
from tests.running_strain import (
    BURST_S,
    GPS_S,
    RATE_HZ,
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


def test_an_event_before_the_end_of_all_strain_is_told_without_waiting_for_more():
    strain = strain_of("H1", 40, [20.3])
    flagged = np.array([0])
    values = [frame("H1", k, strain, words=None if k < 24 else flagged) for k in range(40)]
    found = answers(running_lane(), records(values), end=False)

    assert len(events(found)) == 1


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


def test_strain_that_no_detector_could_measure_is_a_gap(h1):
    strain = h1.copy()
    strain[25 * 2048 + 7] = 1e-3
    found = answers(running_lane(), records([frame("H1", k, strain) for k in range(SECONDS)]))

    assert {25} <= set(errors(found))
    (event,) = events(found)
    assert abs(event.candidate.event.time.value - GPS_S - BURST_S) < 0.1


def test_a_stretch_shorter_than_the_noise_takes_to_know_is_set_aside(h1):
    found = answers(running_lane(), records([frame("H1", k, h1) for k in range(15)]))

    assert len(errors(found)) == 15
