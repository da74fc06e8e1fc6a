"""What running strain keeps to, whatever its frames are written as: the contract of `test_streams`.

Elsewhere is what only running strain knows.  Which events are found, late, missing and repeated frames,
gaps, leaps of time and where to read again from: `tests/unit/running`.  Any order of frames, and
any clock: `tests/property/test_running.py`.  Readers of damaged files: `tests/property/test_strain.py`.
Workers that come and go: `tests/broker/test_running.py`.
"""

from pathlib import Path

import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from models.strain_resnet.noise_curves import DETECTORS
from pipeline.container import MAGIC
from pipeline.core import Alert
from pipeline.dead_letters import PREFIX, dead_letter_headers, dead_letter_origin
from pipeline.errors import InvalidMessage
from pipeline.streams.strain.playback import Recording, play
from pipeline.streams.strain.recorded import GWF_MAGIC, HDF5_MAGIC, SIMULATED_SURVEY
from pipeline.times import to_us
from tests.running_strain import GPS_S, RATE_HZ, answers, events, frame, running_lane, strain_of
from tests.running_topics import answered_offsets, records_of, send, wait_until_answered
from tests.strategies import damaged
from tests.stream_lanes import judged, received, record, simulated
from tests.toy_stream import toy_loop

SECONDS, BURST_S = 24, 14.3
FORMS = ("hdf5", "gwf", "chunks")
STRAIN = {name: strain_of(name, SECONDS, [BURST_S]) for name in DETECTORS}


def played(form, detectors=DETECTORS):
    """The messages of each second of detectors."""
    recordings = [
        Recording(
            file=Path(name),
            file_format="gwosc_hdf5" if form == "hdf5" else "gwf",
            survey=SIMULATED_SURVEY,
            detector=name,
            gps_start_s=GPS_S,
            sample_rate_hz=RATE_HZ,
            strain=STRAIN[name],
            words=np.full(SECONDS, 127),
        )
        for name in detectors
    ]
    return list(play(recordings, in_parts=form == "chunks"))


def messages_of(values):
    return [record(value, offset) for offset, value in enumerate(values)]


@pytest.fixture(scope="module", params=FORMS)
def messages(request):
    return [
        record(one.value, offset, key=one.detector.encode())
        for offset, one in enumerate(played(request.param))
    ]


@pytest.fixture(scope="module")
def found(messages):
    """The offset of each message that brought an answer, and the answer."""
    return answers(running_lane(), messages)


@pytest.fixture(scope="module")
def alerts(found):
    return [answer for _, answer in found if isinstance(answer, Alert)]


def pieces(found):
    return [one for _, one in found if isinstance(one, Alert) and one.kind == "piece"]


def errors(found):
    return [(offset, one) for offset, one in found if isinstance(one, InvalidMessage)]


def said(found):
    """Return what was said of whatever was judged, in order."""
    return [(one.alert_id, one.score) for _, one in found if isinstance(one, Alert)]


# Decoding


def test_each_frame_has_one_answer_and_the_burst_is_one_event(messages, found):
    (event,) = events(found)

    answered = [offset for offset, one in found if one is not event]
    assert answered == list(range(len(messages)))


def test_an_event_is_the_same_however_its_frames_are_written(found):
    values = [frame(name, k, STRAIN[name]) for k in range(SECONDS) for name in DETECTORS]
    (event,), (bare,) = events(found), events(answers(running_lane(), messages_of(values)))

    assert (event.alert_id, event.score) == (bare.alert_id, bare.score)
    assert event.candidate.strain == bare.candidate.strain


def test_simulated_strain_says_that_it_is_simulated(alerts):
    assert {alert.candidate.event.survey for alert in alerts} == {SIMULATED_SURVEY}


def test_frames_of_all_detectors_are_not_degraded(alerts):
    assert {alert.status for alert in alerts} == {"ok"}


def test_an_id_has_its_second_in_all_digits_and_no_two_share_one(found):
    ids = [one.candidate.event.event_id for one in pieces(found) + events(found)]
    named = [one.partition(" ")[0] for one in ids[:-1]]  # without the number of a chunk

    assert named == [f"{name}-{GPS_S + k}-1" for k in range(2, SECONDS - 2) for name in DETECTORS]
    assert len(set(ids)) == len(ids)


def test_a_time_agrees_with_our_clock_and_with_astropy(alerts):
    for event in (alert.candidate.event for alert in alerts):
        time = Time(event.time.value, format=event.time.format, scale=event.time.scale)

        assert event.survey_us == pytest.approx(to_us(event.time), abs=1)
        assert time.utc.unix * 1e6 == pytest.approx(event.survey_us, abs=100)


GOOD = [played(form, ["H1"])[0].value for form in FORMS] + [frame("H1", 0, STRAIN["H1"])]


def answer_or_say_why(data):
    ((offset, answer),) = answers(running_lane(), [record(data, 7)])

    assert offset == 7
    assert isinstance(answer, Alert | InvalidMessage)


@given(st.binary(max_size=200), st.sampled_from([b"", MAGIC, GWF_MAGIC, HDF5_MAGIC, b"PART,"]))
def test_any_bytes_have_one_answer(data, start):
    answer_or_say_why(start + data)


@settings(max_examples=25)
@given(damaged(GOOD))
def test_a_damaged_frame_has_one_answer(data):
    answer_or_say_why(data)


# Quality


def test_a_frame_that_bits_took_something_out_of_is_degraded_by_as_much():
    values = [frame(name, k, STRAIN[name]) for k in range(18) for name in DETECTORS]
    words = np.array([127, 127, 127, 1])
    values += [frame(name, 18, STRAIN[name], seconds=4, words=words) for name in DETECTORS]
    found = dict(answers(running_lane(), messages_of(values)))

    whole, part = found[3 * 17], found[3 * 18]
    assert (whole.status, whole.quality) == ("ok", {})
    assert (part.status, part.quality) == ("degraded", {"flaggedFraction": 0.25})


# Dead letters


@pytest.mark.parametrize("damage", ["half", "junk", "nothing"])
def test_an_unreadable_frame_is_a_dead_letter_that_says_why(messages, damage):
    value = messages[0].value
    data = {"half": value[: len(value) // 2], "junk": b"junk", "nothing": b""}[damage]
    message = record(data, 7, key=b"H1", headers=(("traceparent", b"00-1"),))

    ((_, error),) = answers(running_lane(), [message])
    headers = dead_letter_headers(message, error, task="t.0")
    named = dict(headers)

    assert named[PREFIX + "stage"] == b"decode"
    assert named[PREFIX + "exception.message"].decode() == str(error) != ""
    assert named["traceparent"] == b"00-1"
    assert dead_letter_origin(headers) == message.origin


def test_a_frame_that_no_window_has_is_a_dead_letter_with_its_own_origin(messages, found):
    assert len(errors(found)) == 3 * 4  # the first and the last two seconds
    for offset, error in errors(found):
        headers = dead_letter_headers(messages[offset], error, task="t.0")

        assert dict(headers)[PREFIX + "stage"] == b"preprocess"
        assert dead_letter_origin(headers) == messages[offset].origin


def test_an_unreadable_message_changes_no_neighbour(messages, found):
    disturbed = [*messages[:40], record(b"junk", 1000), *messages[40:]]

    again = answers(running_lane(), disturbed)

    assert 1000 in dict(errors(again))
    assert said(again) == said(found)


# What is published


def test_what_a_subscriber_gets_is_what_was_judged(alerts):
    for alert, got in zip(alerts, received(alerts), strict=True):
        expected = judged(alert)
        assert {name: getattr(got, name) for name in expected} == expected


def test_every_alert_says_when_it_happened_and_when_it_was_judged(alerts):
    for alert in alerts:
        times = alert.times
        assert times.survey_us == alert.candidate.event.survey_us
        assert times.received_us <= times.decoded_us <= times.inferred_us <= times.produced_us


# The loop


def test_frames_of_all_forms_and_records_in_one_partition_have_a_result_each(broker, topics):
    names = {which: topics.create(which) for which in ("in", "out", "alerts", "dead")}
    each = [played(form, [name]) for form, name in zip(FORMS, DETECTORS, strict=True)]
    values = [(one.detector, one.value) for second in zip(*each, strict=True) for one in second]
    values.insert(30, ("", b"junk"))
    values.insert(60, ("", simulated("strain", 1)[0].data))
    waiting = 3 * 4  # the last four seconds of each detector
    for first, last in ((0, 1 + 3 * 17), (1 + 3 * 17, len(values))):  # with a restart between
        send(broker, names["in"], values[first:last])
        with toy_loop(broker, names, names["in"], lane=running_lane()):
            wait_until_answered(broker, names, last - waiting)

    (event,) = records_of(broker, names["alerts"])
    assert event["strain"]["detectors"] == list(DETECTORS)
    assert sorted(answered_offsets(broker, names)) == list(range(len(values) - waiting))
