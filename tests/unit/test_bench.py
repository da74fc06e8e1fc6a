"""What the benchmarks compute from what they see, and what they refuse."""

import os
import subprocess
import sys

import pytest

from benchmarks.broker import open_broker
from benchmarks.packets import find_packets, simulate_packets
from benchmarks.processors import children, processor_seconds
from benchmarks.progress import Sample, steady
from benchmarks.rig import parse_settings
from pipeline.errors import ConfigurationError, TransientError
from tests.command_line import skytriage


def samples(*pairs):
    return [
        Sample(
            at_s=at_s,
            committed=done,
            daemon_s=1.25 * at_s,
            broker_s=0.25 * at_s,
            machine_s=2 * at_s,
        )
        for at_s, done in pairs
    ]


def test_the_rate_is_that_of_the_middle_and_not_of_how_it_began_or_ended():
    waits, works, tails_off = ((0, 0), (9, 0)), ((10, 100), (18, 900)), ((100, 1000),)

    assert steady(samples(*waits, *works, *tails_off)).messages_per_s == pytest.approx(100)


def test_cores_are_processor_time_over_time():
    state = steady(samples((0, 0), (1, 0), (2, 100), (10, 900), (11, 1000)))

    assert (state.daemon_cores, state.broker_cores) == pytest.approx((1.25, 0.25))


def test_the_cores_of_others_are_those_that_neither_daemon_nor_broker_used():
    state = steady(samples((0, 0), (1, 0), (2, 100), (10, 900), (11, 1000)))

    assert state.other_cores == pytest.approx(0.5)


@pytest.mark.parametrize("seen", [((0, 100),), ((0, 50), (1, 100))])
def test_a_run_that_was_over_before_it_was_looked_at_has_no_rate(seen):
    with pytest.raises(TransientError, match="100 messages are too few"):
        steady(samples(*seen))


def test_the_processor_time_of_children_is_found():
    code = "import time; sum(range(5_000_000)); print('done', flush=True); time.sleep(60)"
    before = children()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as busy:
        busy.stdout.readline()
        used_s = processor_seconds(children() - before)
        busy.kill()

    assert used_s > 0


def test_a_process_that_is_gone_used_nothing():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()

    assert processor_seconds({gone.pid}) == 0
    assert gone.pid not in children(os.getpid())


def test_a_setting_without_a_value_is_refused():
    with pytest.raises(ConfigurationError, match=r"workers\.count"):
        parse_settings(["workers.count"])


def test_a_broker_that_nobody_knows_is_refused():
    with pytest.raises(ConfigurationError, match="rabbit"), open_broker("rabbit"):
        pass


def test_a_family_that_nobody_knows_is_refused():
    with pytest.raises(ConfigurationError, match="pigeon"):
        simulate_packets("pigeon", 1)


def test_packets_that_cannot_be_read_are_not_measured(tmp_path):
    good = simulate_packets("native", 3).values
    for number, value in enumerate([*good, good[0][:100]]):
        (tmp_path / f"{number}.avro").write_bytes(value)

    assert sorted(find_packets(tmp_path, None).values) == sorted(good)


@pytest.mark.parametrize(
    "arguments",
    [("network", "--runtime", "abacus"), ("throughput", "--delivery", "perhaps")],
)
def test_what_is_not_there_to_be_measured_is_an_error_of_usage(arguments):
    assert skytriage("bench", *arguments).code == 2
