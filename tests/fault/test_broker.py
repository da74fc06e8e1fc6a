"""The broker is suspended, killed and restarted under a running daemon."""

import time

import pytest

from tests.daemon import Daemon
from tests.fault.test_workers import wait_until
from tests.kafka_clients import fresh_topics
from tests.observed import classifications, ledger, native_packets, publish, repeated

pytestmark = pytest.mark.slow


TORN = "likely deleted already and hence can be skipped"
"""What Kafka logs when it ends a transaction without telling all partitions of it.

A lone broker that was killed may do that while it starts, before it knows its own topics: results
of an aborted transaction then become visible with the next commit.  No client can prevent it; it is
why each result has its ``alertId``.
"""


def nothing_is_lost_or_seen_twice(daemon, own_broker, messages):
    seen = classifications(daemon)
    assert len({record["alertId"] for record in seen}) == messages
    if TORN not in own_broker.log.read_text():
        assert len(seen) == messages
        assert repeated(seen) == []
        assert ledger(daemon)[0] == 0


@pytest.fixture
def daemon(own_broker, tmp_path):
    with fresh_topics(own_broker) as topics, Daemon(own_broker, topics, tmp_path) as daemon:
        yield daemon


def test_a_broker_that_is_killed_and_comes_back_costs_nothing(daemon, own_broker):
    packets = native_packets(6_000)
    publish(daemon, packets)
    wait_until(lambda: daemon.committed() > 500)
    own_broker.kill()
    time.sleep(2)
    own_broker.start()
    daemon.wait_until_committed(6_000, 180)
    nothing_is_lost_or_seen_twice(daemon, own_broker, 6_000)


def test_a_broker_that_stands_still_beyond_the_transaction_timeout_costs_nothing(
    own_broker, tmp_path
):
    top = "transaction_timeout_ms = 4000"
    with (
        fresh_topics(own_broker) as topics,
        Daemon(own_broker, topics, tmp_path, top=top) as daemon,
    ):
        publish(daemon, native_packets(6_000))
        wait_until(lambda: daemon.committed() > 500)
        own_broker.pause()
        time.sleep(8)
        own_broker.resume()
        daemon.wait_until_committed(6_000, 180)
        nothing_is_lost_or_seen_twice(daemon, own_broker, 6_000)


def test_a_broker_that_is_away_for_a_minute_is_no_crash_loop(own_broker, tmp_path):
    workers = "count = 1\nthreads = 2\nmax_restarts = 0"
    with (
        fresh_topics(own_broker) as topics,
        Daemon(own_broker, topics, tmp_path, workers=workers) as daemon,
    ):
        publish(daemon, native_packets(4_000))
        wait_until(lambda: daemon.committed() > 200)
        own_broker.kill()
        daemon.wait_for("worker gave up", timeout_s=120)  # it could not reach the broker
        own_broker.start()
        daemon.wait_until_committed(4_000, 180)
        nothing_is_lost_or_seen_twice(daemon, own_broker, 4_000)
