"""A real Prometheus on a real daemon: every panel and every rule has data, and the right data."""

import itertools
import json
import math
import os
import shutil
import signal
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

from pipeline.server_process import ServerProcess, free_port
from pipeline.simulation.hits import simulated_packets
from tests.conftest import unavailable
from tests.daemon import Daemon
from tests.deployed import DEPLOY, alerts, queries, rule_name, rules, selectors, substituted
from tests.kafka_clients import fresh_topics

ROUNDS = 8
GOOD = 40
BROKEN = 2
"""Messages in each round."""

BORN_WITH_THE_FIRST = {"outcome": "aborted"}
"""Values of labels that a daemon shows only once something has gone wrong."""


class Prometheus:
    """Prometheus with our configuration, but one target and no patience.

    Parameters
    ----------
    program
        Path of its binary.
    folder
        For its configuration, data and log.
    target
        ``host:port`` of the daemon.
    """

    def __init__(self, program: str, folder: Path, target: str):
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(DEPLOY / "prometheus" / name) for name in config["rule_files"]]
        (job,) = config["scrape_configs"]
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [target]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.address = f"127.0.0.1:{free_port()}"
        self.at_s: float | None = None
        self.server = ServerProcess(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            ],
            log=folder / "prometheus.log",
        )

    def query(self, expression: str) -> list[dict]:
        """Evaluate an expression, at the moment that the tests look at."""
        parameters = {"query": expression} | ({"time": self.at_s} if self.at_s else {})
        url = f"http://{self.address}/api/v1/query?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            result = json.load(answer)
        assert "warnings" not in result, result["warnings"]
        return result["data"]["result"]

    def number(self, expression: str) -> float:
        """Evaluate an expression that is one number, or nothing at all, which is a 0."""
        return sum(float(series["value"][1]) for series in self.query(expression))

    def wait_for(self, expression: str, timeout_s: float = 60) -> None:
        """Wait until an expression has a value."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            try:
                if self.query(expression):
                    return
            except OSError:
                assert self.server.running, self.server.log_tail()
            assert time.monotonic() < deadline_s, f"no {expression}\n{self.server.log_tail()}"
            time.sleep(0.2)


def simulated(count: int) -> list[bytes]:
    """Return native and ZTF packets, as many of each."""
    return [
        packet.data
        for family in ("native", "ztf")
        for packet in itertools.islice(simulated_packets(1, family=family), count // 2)
    ]


def publish(daemon: Daemon, packets: list[bytes]) -> None:
    producer = daemon.broker.producer()
    for packet in packets:
        producer.produce(daemon.input, packet)
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def prometheus(broker, tmp_path_factory):
    """Prometheus, after it has watched a daemon classify, dead-letter, and lose a worker."""
    program = shutil.which("prometheus")
    if program is None:
        unavailable("prometheus is not installed (Debian's package prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    good = simulated(GOOD)
    with fresh_topics(broker) as topics, Daemon(broker, topics, folder) as daemon:
        watch = Prometheus(program, folder, f"127.0.0.1:{daemon.port}")
        try:
            watch.wait_for('skytriage_workers{state="ready"} == 1', timeout_s=120)
            publish(daemon, good)
            # What a worker counted since its last report is lost with it.
            watch.wait_for(f"sum(skytriage_messages_total) == {GOOD}")
            os.kill(daemon.workers()[0], signal.SIGKILL)
            watch.wait_for("skytriage_worker_restarts_total", timeout_s=60)
            for _ in range(ROUNDS):
                publish(daemon, [*good, *[b"no packet"] * BROKEN])
                time.sleep(1)
            done = ROUNDS * (GOOD + BROKEN) + GOOD
            daemon.wait_until_committed(done)
            watch.wait_for(f"sum(skytriage_messages_total) == {done}")
            time.sleep(2)  # so that the rules see it too
            watch.at_s = time.time()
            yield watch
        finally:
            watch.server.stop()


@pytest.mark.parametrize("name", queries())
def test_a_panel_has_numbers(prometheus, name):
    found = prometheus.query(substituted(queries()[name]))
    assert any(math.isfinite(float(series["value"][1])) for series in found)


@pytest.mark.parametrize("rule", [rule for rule in rules() if "record" in rule], ids=rule_name)
def test_a_recording_rule_has_recorded_a_number(prometheus, rule):
    found = prometheus.query(rule["record"])
    assert any(math.isfinite(float(series["value"][1])) for series in found)


@pytest.mark.parametrize("alert", alerts(), ids=rule_name)
def test_an_alerts_condition_can_be_evaluated(prometheus, alert):
    prometheus.query(alert["expr"])


@pytest.mark.parametrize("alert", alerts(), ids=rule_name)
def test_an_alert_watches_series_that_exist(prometheus, alert):
    missing = []
    for selector in selectors(alert["expr"]):
        matchers = ",".join(
            f'{label}=~".+"' if BORN_WITH_THE_FIRST.get(label) == value else f'{label}{op}"{value}"'
            for label, op, value in selector.matchers
        )
        if not prometheus.query(f"{selector.name}{{{matchers}}}"):
            missing.append(selector.text)
    assert missing == []


def test_prometheus_has_no_trouble_with_the_rules(prometheus):
    assert prometheus.number("sum(prometheus_rule_evaluation_failures_total)") == 0


def test_no_alert_fires_for_a_daemon_that_mended_itself(prometheus):
    assert prometheus.query('ALERTS{alertstate="firing"}') == []


def test_the_counts_are_those_of_the_messages_published(prometheus):
    assert prometheus.number('sum(skytriage_messages_total{outcome!="dead_letter"})') == (
        (ROUNDS + 1) * GOOD
    )
    assert prometheus.number("sum(skytriage_dead_letters_total)") == ROUNDS * BROKEN
