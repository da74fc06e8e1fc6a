"""The benchmarks from beginning to end, tiny: figures are there and counts add up. Nothing is timed."""

import pytest

from tests.command_line import skytriage


@pytest.fixture(scope="module")
def throughput(broker):
    """A run of each delivery on the broker of the tests."""
    ran = skytriage(
        *("bench", "throughput", "--json", "--broker", broker.bootstrap, "--messages", 3000),
        *("--runs", 1, "--plain", 10, "--seconds", 0.02, "--workers", 1),
    )
    assert ran.code == 0, ran.err
    return ran.json


@pytest.fixture(scope="module")
def latency():
    """A second of traffic through the embedded broker."""
    ran = skytriage(
        *("bench", "latency", "--json", "--broker", "embedded", "--family", "native"),
        *("--rate", 40, "--seconds", 1, "--lone", 2, "--set", "workers.count=1"),
    )
    assert ran.code == 0, ran.err
    return ran.json


def test_the_bare_network_has_a_rate_in_each_way_and_auto_is_one_of_them():
    ran = skytriage(
        *("bench", "network", "--json", "--runtime", "openvino"),
        *("--batch", 1, "--batch", 8, "--repeats", 1, "--seconds", 0.02),
    )

    rows = [row for row in ran.json["rows"] if "samplesPerSecond" in row]
    assert any(row["auto"] for row in rows)
    assert all(rate > 0 for row in rows for rate in row["samplesPerSecond"].values())


def test_every_message_of_every_run_is_classified(throughput):
    counts = [(run["consumed"], run["classified"]) for run in throughput["runs"]]

    assert counts == [(3000, 3000)] * 2


def test_each_run_is_compared_with_the_bare_network_before_and_after_it(throughput):
    for run in throughput["runs"]:
        before, after = run["bareSamplesPerSecond"]
        ratio = run["messagesPerSecond"] / ((before + after) / 2)
        assert run["ratioToBare"] == pytest.approx(ratio, rel=0.01)


def test_the_plain_loop_has_a_rate(throughput):
    assert throughput["plainLoopMessagesPerSecond"] > 0


def test_the_machine_and_the_broker_are_named(throughput):
    assert throughput["machine"]["cores"] >= 1
    assert throughput["machine"]["versions"]["openvino"]
    assert "Kafka" in throughput["broker"]


def test_every_message_that_is_published_becomes_visible(latency):
    assert {part: latency[part]["visible"] for part in ("steady", "lone")} == {
        "steady": 40,
        "lone": 2,
    }


@pytest.mark.parametrize("part", ["steady", "lone"])
def test_quantiles_are_in_order_and_no_stage_takes_longer_than_the_whole(latency, part):
    whole = latency[part]

    assert 0 < whole["p50Ms"] <= whole["p95Ms"] <= whole["p99Ms"] <= whole["maxMs"]
    assert all(0 <= stage["p50Ms"] <= whole["maxMs"] for stage in whole["stages"].values())
