"""The demo, as somebody runs it who has just installed skytriage: what it counts and says."""

import json
import re

import pytest

from pipeline.demo.lineup import PARTS
from pipeline.streams import STREAMS
from tests.demo_run import RATE_HZ, SECONDS, SHOWN


@pytest.fixture(scope="module")
def summary(demo):
    out, _ = demo
    return json.loads((out / "summary.json").read_text())


def test_every_record_published_has_one_result(summary):
    counts = summary["counts"]

    assert counts["published"] > 0
    assert counts["consumed"] == counts["published"]
    assert counts["consumed"] == counts["classified"] + counts["deadLettered"]
    assert counts["duplicates"] == counts["missing"] == counts["unread"] == 0
    assert counts["addsUp"] is True


def test_as_much_is_published_as_was_asked_for(summary):
    # Whole messages; one that is broken as a whole has one result, however many records it had.
    most = max(part.records for part in PARTS)

    assert abs(summary["counts"]["published"] - SECONDS * RATE_HZ) <= 2 * most


def test_every_stream_is_shown_or_left_out_with_a_reason(summary):
    assert list(summary["streams"]) == SHOWN
    assert {*summary["streams"], *summary["leftOut"]} == {*STREAMS}


@pytest.mark.parametrize("stream", SHOWN)
def test_each_stream_adds_up_and_has_something_broken(summary, stream):
    numbers = summary["streams"][stream]

    assert numbers["published"] == numbers["consumed"]
    assert numbers["consumed"] == numbers["classified"] + numbers["deadLettered"]
    assert numbers["deadLettered"] > 0


def test_the_partitions_of_the_ledger_sum_to_its_total(summary):
    ledger = summary["ledger"]

    for name in ("consumed", "classified", "deadLettered"):
        assert sum(row[name] for row in ledger["partitions"]) == ledger["total"][name]


def test_everything_that_was_broken_is_a_dead_letter_and_no_other(summary):
    counts = summary["counts"]

    assert counts["deadLettered"] == counts["brokenOnPurpose"] > 0
    assert sum(summary["deadLetters"].values()) == counts["deadLettered"]


def test_every_classification_is_compared_with_its_simulated_label(summary):
    confusion = summary["confusion"]

    compared = sum(sum(confusion[kind].values()) for kind in ("positive", "negative"))
    assert compared == summary["counts"]["classified"]


def test_all_families_of_packets_are_classified(summary):
    assert summary["families"].keys() >= {"HiTS", "ZTF", "Rubin"}


def test_the_networks_that_answered_are_named_with_their_weights(summary):
    networks = summary["networks"]

    assert {one["name"] for one in networks} == {STREAMS[name].network for name in SHOWN}
    assert all(re.fullmatch("[0-9a-f]{64}", one["weightsSha256"]) for one in networks)
    assert all(one["runtime"] and one["device"] for one in networks)


def test_each_stage_is_timed_and_none_takes_longer_than_the_whole(summary):
    latency = summary["latencyMs"]

    for stage in latency["stages"].values():
        assert stage["n"] == latency["endToEnd"]["n"] == summary["counts"]["classified"]
        assert 0 <= stage["max"] <= latency["endToEnd"]["max"]


def test_the_json_on_standard_output_is_that_of_the_file(demo, summary):
    _, done = demo

    assert json.loads(done.stdout) == summary


def test_it_says_what_it_does_while_it_does_it(demo):
    _, done = demo
    said = (
        "starting a broker",
        "skytriage run",
        "simulating",
        "publishing",
        "draining",
        "counting",
    )

    assert [step for step in said if step not in done.stderr] == []


def test_the_configuration_is_one_that_the_daemon_takes(demo):
    out, _ = demo

    assert "bootstrap.servers" in (out / "skytriage.toml").read_text()
    assert '"drained"' in (out / "daemon.log").read_text()
