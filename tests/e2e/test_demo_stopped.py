"""A demo that does not come to its end: interrupted, killed, or its daemon dies."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from confluent_kafka import KafkaException

from tests.demo_run import COMMAND, TIMEOUT_S
from tests.kafka_clients import Broker


@pytest.fixture
def flowing(tmp_path):
    """A demo that would go on for long, in the middle of it."""
    out, said = tmp_path / "out", tmp_path / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [*COMMAND, "--seconds", "60", "--rate", "5", "--out", str(out)], stderr=file
        )
    try:
        deadline_s = time.monotonic() + TIMEOUT_S
        while " published, " not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline_s, said.read_text()
            time.sleep(0.2)
        yield process, out, said
    finally:
        process.kill()
        process.wait()


def test_interrupted_it_ends_in_good_order_and_reports_what_there_was(flowing):
    process, out, said = flowing

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 0, said.read_text()
    summary = json.loads((out / "summary.json").read_text())
    assert summary["wasInterrupted"] is True
    assert summary["counts"]["addsUp"] is True
    assert "The run was cut short." in (out / "report.html").read_text()


def test_killed_it_leaves_neither_broker_nor_daemon_behind(flowing):
    process, out, _ = flowing
    bootstrap = re.search(r'servers = "(.*)"', (out / "skytriage.toml").read_text())[1]

    process.kill()
    process.wait()

    # The guards that kill them need a moment on a busy machine. What is left behind
    # after this is found by the fixture that looks for it.
    deadline_s = time.monotonic() + 30
    while answers(bootstrap):
        assert time.monotonic() < deadline_s
        time.sleep(0.2)


def answers(bootstrap):
    try:
        Broker(bootstrap).producer(log_level=0).list_topics(timeout=2)
    except KafkaException:
        return False
    return True


def test_a_daemon_that_dies_makes_the_demo_fail_and_say_why(flowing):
    process, out, said = flowing
    started = json.loads((out / "daemon.log").read_text().splitlines()[1])

    os.kill(os.getpgid(started["pid"]), signal.SIGKILL)  # its leader is the supervisor

    assert process.wait(90) == 1
    assert "the daemon ended" in said.read_text()
    # Even where it had answered all that was published until then.
    assert json.loads((out / "summary.json").read_text())["daemonDied"] is True
