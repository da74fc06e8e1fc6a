"""What a committed transaction says of outcomes and latency."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from pipeline.core import Alert
from pipeline.errors import InvalidMessage
from pipeline.lane import Judged, Step
from pipeline.recorder import Recorder

__all__ = ["Written", "observe_commit"]

US = 1e6
"""Microseconds in a second."""

Written = tuple[Judged, list[tuple[Step, Alert | InvalidMessage]]]
"""A batch with what was sent of it: an alert, or a dead letter for an error."""


def observe_commit(recorder: Recorder, written: Iterable[Written], committed_us: int) -> None:
    """Count what is now visible to readers, and time how it got there.

    Parameters
    ----------
    written
        The batches of one transaction.
    committed_us
        When it was committed [µs UTC].
    """
    for judged, results in written:
        stream = judged.lane.stream.name
        # A piece of running strain waits for what is yet to come: no time that we take.
        alerts = [a for _, a in results if isinstance(a, Alert) and a.kind != "piece"]
        _count(recorder, stream, results)
        recorder.observe("skytriage_batch_messages", stream, values=[len(judged.items)])
        recorder.count("skytriage_batch_padding", stream, by=judged.padding)
        if alerts:
            _time(recorder, stream, judged.taken_us, alerts, committed_us)


def _count(
    recorder: Recorder,
    stream: str,
    results: Iterable[tuple[Step, Alert | InvalidMessage]],
) -> None:
    topics: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    alerts: Counter[str] = Counter()
    for item, answer in results:
        if isinstance(answer, Alert) and answer.kind == "event":
            alerts[answer.network.name] += answer.is_alert
            continue
        topics[item.record.origin.topic] += 1
        if isinstance(answer, Alert):
            outcomes[answer.status] += 1
            alerts[answer.network.name] += answer.is_alert
        else:
            outcomes["dead_letter"] += 1
            reason = type(answer).__name__
            recorder.count("skytriage_dead_letters", stream, answer.stage, reason)
    for topic, number in topics.items():
        recorder.count("skytriage_messages_consumed", stream, topic, by=number)
    for outcome, number in outcomes.items():
        recorder.count("skytriage_messages", stream, outcome, by=number)
    for network, number in alerts.items():
        recorder.count("skytriage_alerts", stream, network, by=number)


def _time(
    recorder: Recorder,
    stream: str,
    taken_us: int,
    alerts: list[Alert],
    committed_us: int,
) -> None:
    times = np.array(
        [
            (
                t.broker_us or t.received_us,
                t.received_us,
                t.decoded_us,
                t.inferred_us,
                t.produced_us,
            )
            for t in (alert.times for alert in alerts)
        ],
        np.float64,
    )
    broker, received, decoded, inferred, produced = times.T / US
    taken, committed = taken_us / US, committed_us / US
    stages = {
        "broker": received - broker,
        "decode": decoded - received,
        "queue": taken - decoded,
        "infer": inferred - taken,
        "encode": produced - inferred,
        "commit": committed - produced,
    }
    for stage, seconds in stages.items():
        recorder.observe("skytriage_stage_seconds", stream, stage, values=seconds)
    recorder.observe("skytriage_end_to_end_seconds", stream, values=committed - broker)
    surveys = [a.times.survey_us for a in alerts if a.times.survey_us is not None]
    if surveys:
        waited = committed - np.array(surveys, np.float64) / US
        recorder.observe("skytriage_event_to_alert_seconds", stream, values=waited)
