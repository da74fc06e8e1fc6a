"""What workers count, and what the supervisor makes of it."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from pipeline.metrics import DEFINITIONS
from pipeline.recorder import Recorder, Totals

MESSAGES = "skytriage_messages"
STAGE = "skytriage_stage_seconds"
IN_FLIGHT = "skytriage_in_flight_messages"


@pytest.fixture
def totals():
    return Totals()


@pytest.fixture
def registry(totals):
    registry = CollectorRegistry()
    registry.register(totals)
    return registry


def recorder(**counts):
    made = Recorder()
    for outcome, number in counts.items():
        made.count(MESSAGES, "hits", outcome, by=number)
    return made


def messages(registry, outcome):
    labels = {"stream": "hits", "outcome": outcome}
    return registry.get_sample_value(f"{MESSAGES}_total", labels)


def test_counters_of_all_workers_add_up(totals, registry):
    totals.update(0, recorder(ok=3, degraded=1).snapshot())
    totals.update(1, recorder(ok=4).snapshot())

    assert messages(registry, "ok") == 7
    assert messages(registry, "degraded") == 1


def test_a_newer_snapshot_replaces_the_older_one(totals, registry):
    totals.update(0, recorder(ok=3).snapshot())
    totals.update(0, recorder(ok=5).snapshot())

    assert messages(registry, "ok") == 5


def test_the_counters_of_a_dead_worker_stay(totals, registry):
    totals.update(0, recorder(ok=3).snapshot())
    totals.bury(0)
    totals.update(0, recorder(ok=1).snapshot())

    assert messages(registry, "ok") == 4


def test_burying_a_worker_twice_counts_it_once(totals, registry):
    totals.update(0, recorder(ok=3).snapshot())
    totals.bury(0)
    totals.bury(0)

    assert messages(registry, "ok") == 3


def test_the_gauges_of_a_dead_worker_go(totals, registry):
    worker = Recorder()
    worker.set(IN_FLIGHT, "0", to=7)
    totals.update(0, worker.snapshot())
    totals.bury(0)

    assert registry.get_sample_value(IN_FLIGHT, {"worker": "0"}) is None


def test_a_gauge_has_its_last_value(totals, registry):
    worker = Recorder()
    worker.set(IN_FLIGHT, "0", to=7)
    worker.set(IN_FLIGHT, "0", to=2)
    totals.update(0, worker.snapshot())

    assert registry.get_sample_value(IN_FLIGHT, {"worker": "0"}) == 2


def test_forgetting_a_gauge_leaves_the_others():
    worker = Recorder()
    worker.set("skytriage_consumer_lag_messages", "hits", "0", to=9)
    worker.set(IN_FLIGHT, "0", to=7)
    worker.forget("skytriage_consumer_lag_messages")

    assert worker.snapshot().gauges == {(IN_FLIGHT, ("0",)): 7}


seconds = st.lists(st.floats(0, 100), min_size=1, max_size=30)


@given(seconds, seconds, seconds)
def test_a_histogram_counts_each_value_once_in_its_bucket(first, second, dead):
    totals = Totals()
    for worker, batches in enumerate(([dead], [first, second])):
        made = Recorder()
        for batch in batches:
            made.observe(STAGE, "hits", "decode", values=batch)
        totals.update(worker, made.snapshot())
    totals.bury(0)
    registry = CollectorRegistry()
    registry.register(totals)
    labels = {"stream": "hits", "stage": "decode"}
    values = np.array([*first, *second, *dead])

    for edge in DEFINITIONS[STAGE].buckets:
        below = registry.get_sample_value(f"{STAGE}_bucket", labels | {"le": repr(edge)})
        assert below == (values <= edge).sum()
    assert registry.get_sample_value(f"{STAGE}_count", labels) == len(values)
    assert registry.get_sample_value(f"{STAGE}_sum", labels) == pytest.approx(values.sum())


def test_a_snapshot_is_of_its_moment():
    worker = recorder(ok=1)
    worker.observe(STAGE, "hits", "decode", values=[1.0])
    before = worker.snapshot()
    worker.count(MESSAGES, "hits", "ok")
    worker.observe(STAGE, "hits", "decode", values=[1.0])

    assert before.counters[MESSAGES, ("hits", "ok")] == 1
    assert before.histograms[STAGE, ("hits", "decode")][0].sum() == 1


def test_a_snapshot_travels_between_processes():
    snapshot = recorder(ok=1).snapshot()

    assert pickle.loads(pickle.dumps(snapshot)) == snapshot  # noqa: S301 - our own


def test_every_metric_is_there_from_the_start(registry):
    text = generate_latest(registry).decode()

    missing = [name for name in DEFINITIONS if f"# HELP {name}" not in text]
    assert not missing


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_name_says_what_it_is_and_the_help_is_a_sentence(name):
    definition = DEFINITIONS[name]

    assert name.startswith("skytriage_")
    assert definition.help.endswith(".")
    assert bool(definition.buckets) == (definition.kind == "histogram")
