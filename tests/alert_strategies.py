"""Alerts of every kind that the daemon could publish, for property tests."""

import numpy as np
from hypothesis import strategies as st

from pipeline.core import (
    Alert,
    Candidate,
    Event,
    EventTime,
    Flux,
    NetworkInfo,
    Origin,
    StageTimes,
    StrainEvent,
    StrainWindow,
)

__all__ = ["alerts", "make_alert", "networks"]

LONGS = st.integers(-(2**63), 2**63 - 1)
TIMES_US = st.integers(0, 2**53)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
PROBABILITIES = st.floats(0, 1)
# What UTF-8 cannot say, no survey can have sent.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def maybe(strategy):
    return st.none() | strategy


event_times = st.builds(
    EventTime,
    value=FINITE,
    format=st.sampled_from(["mjd", "jd", "gps"]),
    scale=st.sampled_from(["utc", "tai"]),
    meaning=TEXTS,
)
events = st.builds(
    Event,
    survey=TEXTS,
    event_id=TEXTS,
    event_id_long=maybe(LONGS),
    time=maybe(event_times),
    survey_us=maybe(LONGS),
    ra_deg=maybe(FINITE),
    dec_deg=maybe(FINITE),
    detector=maybe(TEXTS),
    channel=maybe(st.integers(-(2**31), 2**31 - 1)),
)
fluxes = st.builds(
    Flux,
    mcrab=FINITE,
    low_mcrab=FINITE,
    high_mcrab=FINITE,
    confidence=PROBABILITIES,
    band_kev=st.tuples(FINITE, FINITE),
)
strain_events = st.builds(
    StrainEvent,
    detectors=st.lists(TEXTS, max_size=3).map(tuple),
    far_hz=FINITE,
    windows=st.lists(st.builds(StrainWindow, FINITE, PROBABILITIES), max_size=70).map(tuple),
)
candidates = st.builds(
    Candidate,
    event=events,
    sample=st.just(np.zeros((1,), np.float32)),
    quality=st.just({}),
    schema_id=TEXTS,
    flux=maybe(fluxes),
    strain=maybe(strain_events),
)
networks = st.builds(
    NetworkInfo,
    name=TEXTS,
    version=TEXTS,
    weights_sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    runtime=TEXTS,
    device=TEXTS,
    classes=st.lists(TEXTS, min_size=2, max_size=5, unique=True).map(tuple),
    positive=TEXTS,
    threshold=PROBABILITIES,
    false_positive_rate=PROBABILITIES,
)
stage_times = st.builds(
    StageTimes,
    survey_us=maybe(LONGS),
    broker_us=maybe(LONGS),
    received_us=TIMES_US,
    decoded_us=TIMES_US,
    inferred_us=TIMES_US,
    produced_us=TIMES_US,
)
origins = st.builds(
    Origin,
    topic=TEXTS,
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    index=st.integers(0, 2**31 - 1),
    records=st.integers(1, 2**31 - 1),
)


@st.composite
def alerts(draw):
    """Any alert that the types allow."""
    network = draw(networks)
    size = len(network.classes)
    return Alert(
        stream=draw(TEXTS),
        candidate=draw(candidates),
        network=network,
        probabilities=draw(st.lists(PROBABILITIES, min_size=size, max_size=size)),
        score=draw(PROBABILITIES),
        quality=draw(st.dictionaries(TEXTS, FINITE, max_size=4)),
        times=draw(stage_times),
        origin=draw(origins),
        is_replay=draw(st.booleans()),
        batch_size=draw(st.integers(1, 4096)),
    )


def make_alert(*, event_id=2**53 + 1, score=0.75, quality=None, offset=7, broker_us=2_000_000):
    """One plain alert, with what a test cares about."""
    event = Event(
        survey="ztf",
        event_id=str(event_id),
        event_id_long=event_id,
        time=EventTime(2458493.76, "jd", "utc", "start of exposure"),
        survey_us=1_000_000,
        ra_deg=10.5,
        dec_deg=-5.25,
    )
    return Alert(
        stream="hits",
        candidate=Candidate(event, np.zeros((1,), np.float32), {}, "ztf.alert 3.3"),
        network=NetworkInfo(
            name="deep_hits",
            version="1.0.0",
            weights_sha256="ab" * 32,
            runtime="openvino/float32",
            device="a processor",
            classes=("bogus", "real"),
            positive="real",
            threshold=0.5,
            false_positive_rate=0.01,
        ),
        probabilities=[1 - score, score],
        score=score,
        quality=quality or {},
        times=StageTimes(1_000_000, broker_us, 3_000_000, 4_000_000, 5_000_000, 6_000_000),
        origin=Origin("hits", 3, offset),
        is_replay=False,
        batch_size=32,
    )
