import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.durations import Quantiles, latencies
from pipeline.report.seen import STAGES
from pipeline.report.streams import by_stream
from pipeline.report.summary import confusion, networks
from tests.report_values import account, ledger, letter, seen, summary

STEPS_US = st.lists(st.integers(0, 10**7), min_size=len(STAGES), max_size=len(STAGES))


@pytest.mark.parametrize(
    ("books", "published", "interrupted", "adds_up"),
    [
        (account(10, 9, 1), 10, False, True),
        (account(10, 8, 1), 10, False, False),  # one is missing
        (account(10, 9, 1, duplicates=1), 10, False, False),
        (account(10, 9, 1), 11, False, False),  # one was never read
        (account(10, 9, 1), 11, True, True),  # … because the run was cut short
        (account(10, 9, 1), 9, True, False),  # more came than was sent
    ],
)
def test_it_adds_up_when_each_message_has_one_result(books, published, interrupted, adds_up):
    run = summary(books=ledger(books), published=published, interrupted=interrupted)

    assert run.adds_up is adds_up


def test_the_counts_of_the_json_add_up_as_the_summary_says():
    counts = summary(books=ledger(account(10, 9, 1), account(5, 5, 0)), published=15).as_json()[
        "counts"
    ]

    assert counts["consumed"] == counts["classified"] + counts["deadLettered"] == 15


@given(st.lists(STEPS_US, min_size=1, max_size=20))
def test_stages_take_together_as_long_as_the_whole(steps):
    whole, stages = latencies([seen(k, steps_us=step) for k, step in enumerate(steps)])

    assert math.isclose(
        sum(stage.mean_ms for stage in stages.values()), whole.mean_ms, abs_tol=1e-6
    )


def test_a_stage_is_timed_in_milliseconds():
    _, stages = latencies([seen(steps_us=(1000, 2000, 3000, 4000, 5000))])

    assert [stages[stage.name].p50_ms for stage in STAGES] == [1, 2, 3, 4, 5]


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_quantiles_are_in_order_and_within_the_values(values):
    q = Quantiles.of(values)

    assert min(values) <= q.p50_ms <= q.p95_ms <= q.p99_ms <= q.max_ms == max(values)


def test_a_run_without_results_is_valid_json():
    text = json.dumps(summary().as_json(), allow_nan=False)

    assert json.loads(text)["latencyMs"]["endToEnd"]["p50"] is None


def test_alerts_are_compared_with_the_simulated_labels():
    found, missed, false, alone = (
        seen(k, score, positive=positive)
        for k, (score, positive) in enumerate([(0.9, True), (0.1, True), (0.9, False), (0.1, False)])
    )  # fmt: skip

    counts = confusion([found, missed, missed, false, false, false, alone])

    assert (counts.found, counts.missed, counts.false_alerts, counts.left_alone) == (1, 2, 3, 1)


def test_what_has_no_label_is_not_compared():
    assert confusion([seen(positive=None)]) == confusion([])


def test_each_stream_has_its_own_numbers():
    books = ledger(account(10, 9, 1), account(6, 4, 2, stream="maxi"), account(5, 5, 0))
    all_seen = [seen(1, 0.9), seen(2, 0.1), seen(3, 0.9, stream="maxi")]

    found = by_stream({"hits": 15, "maxi": 7}, books, all_seen)

    hits, maxi = found["hits"], found["maxi"]
    assert (hits.consumed, hits.classified, hits.dead_lettered, hits.alerts) == (15, 14, 1, 1)
    assert (maxi.published, maxi.consumed, maxi.end_to_end.n) == (7, 6, 1)


def test_a_network_is_named_once():
    (used,) = networks([seen(1), seen(2)])

    assert used.as_json()["weightsSha256"] == "ab" * 32


def test_dead_letters_are_counted_by_error():
    run = summary(letters=[letter(1), letter(2)])

    assert run.as_json()["deadLetters"] == {"DecodeError": 2}


def test_the_json_says_that_the_data_are_simulated():
    run = summary().as_json()

    assert run["data"] == run["confusion"]["labels"] == "simulated"
