"""Workers are killed, suspended and broken, and nothing is lost or seen twice."""

import contextlib
import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.server_process import free_port
from pipeline.simulation.hits import simulate_hits
from tests.daemon import Daemon
from tests.observed import (
    classifications,
    dead_letters,
    ledger,
    native_packets,
    publish,
    repeated,
)

GARBAGE = [b"garbage", b"", b"Obj\x01 and no more"]


@pytest.fixture
def daemon(broker, topics, tmp_path):
    with Daemon(broker, topics, tmp_path) as daemon:
        yield daemon


@contextlib.contextmanager
def serving(port, folder):
    """Be a schema registry."""

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self):
            schema = (folder / f"{self.path.rpartition('/')[2]}.avsc").read_text()
            body = json.dumps({"schema": schema}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", port), Registry) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def wait_until(condition, timeout_s=60):
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.mark.slow
def test_a_worker_killed_among_20_000_messages_loses_and_repeats_nothing(daemon):
    publish(daemon, [*native_packets(20_000), *GARBAGE])
    for kills, done in enumerate((2_000, 9_000), start=1):
        wait_until(lambda done=done: daemon.committed() > done, 120)
        os.kill(daemon.workers()[0], signal.SIGKILL)
        daemon.wait_for("worker started", count=kills + 1)

    daemon.wait_until_committed(20_000 + len(GARBAGE), 180)
    seen = classifications(daemon)

    assert len(seen) == 20_000
    assert repeated(seen) == []
    assert len(dead_letters(daemon)) == len(GARBAGE)
    code, books = ledger(daemon)
    assert code == 0, books


def test_two_workers_share_the_work_and_one_survives_the_other(broker, topics, tmp_path):
    with Daemon(broker, topics, tmp_path, workers="count = 2") as daemon:
        daemon.wait_for("assigned", count=2)
        packets = native_packets(6_000)
        publish(daemon, packets[:3_000])
        wait_until(lambda: daemon.committed() > 500)
        os.kill(daemon.workers()[1], signal.SIGKILL)
        publish(daemon, packets[3_000:])
        daemon.wait_until_committed(6_000)
        seen = classifications(daemon)
        assert len(seen) == 6_000
        assert repeated(seen) == []


def test_a_worker_that_hangs_is_killed_and_its_work_done_once(broker, topics, tmp_path):
    workers = "count = 1\nthreads = 2\nstall_timeout_s = 3.0"
    with Daemon(broker, topics, tmp_path, workers=workers) as daemon:
        publish(daemon, native_packets(4_000))
        wait_until(lambda: daemon.committed() > 500)
        os.kill(daemon.workers()[0], signal.SIGSTOP)
        daemon.wait_for("worker killed")
        daemon.wait_until_committed(4_000)
        seen = classifications(daemon)
        assert len(seen) == 4_000
        assert repeated(seen) == []


def test_workers_whose_supervisor_is_killed_drain_and_end(daemon):
    publish(daemon, native_packets(500))
    daemon.wait_until_committed(500)
    worker = daemon.workers()[0]
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait(10)
    wait_until(lambda: not daemon.is_running(worker), 30)
    assert any(line["event"] == "drained" for line in daemon.lines())


def test_sigterm_finishes_what_is_in_flight_and_leaves_the_group(daemon):
    publish(daemon, native_packets(5_000))
    wait_until(lambda: daemon.committed() > 500)
    assert daemon.stop() == 0
    done = daemon.committed()
    seen = classifications(daemon)
    assert len(seen) == done < 5_000
    assert any(line["event"] == "drained" for line in daemon.lines())


def test_two_workers_drain_together(broker, topics, tmp_path):
    with Daemon(broker, topics, tmp_path, workers="count = 2") as daemon:
        daemon.wait_for("assigned", count=2)
        publish(daemon, native_packets(2_000))
        wait_until(lambda: daemon.committed() > 100)
        assert daemon.stop() == 0
        assert not any(line["event"] == "worker killed" for line in daemon.lines())


def test_a_registry_that_does_not_answer_is_waited_for(broker, topics, tmp_path):
    packets = tmp_path / "packets"
    simulate_hits(20, 1, packets, family="lsst")
    port = free_port()
    registry = f'registry = "http://127.0.0.1:{port}"'
    with Daemon(broker, topics, tmp_path, schemas=registry) as daemon:
        publish(daemon, [path.read_bytes() for path in sorted(packets.glob("*.avro"))])
        daemon.wait_for("held back", count=2)
        with serving(port, packets / "schemas"):
            daemon.wait_until_committed(20)
        assert len(classifications(daemon)) == 20
        assert sum(line["event"] == "worker started" for line in daemon.lines()) == 1


def test_a_restarted_daemon_goes_on_where_the_last_one_stopped(daemon):
    packets = native_packets(2_000)
    publish(daemon, packets[:1_000])
    daemon.wait_until_committed(1_000)
    assert daemon.stop() == 0
    publish(daemon, packets[1_000:])
    daemon.start()
    daemon.wait_until_committed(2_000)
    seen = classifications(daemon)
    assert len(seen) == 2_000
    assert repeated(seen) == []
    assert ledger(daemon)[0] == 0


def test_a_second_signal_stops_at_once(daemon):
    publish(daemon, native_packets(3_000))
    wait_until(lambda: daemon.committed() > 100)
    os.kill(daemon.workers()[0], signal.SIGSTOP)  # it cannot drain
    daemon.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert daemon.process.poll() is None
    began_s = time.monotonic()
    daemon.process.send_signal(signal.SIGTERM)
    daemon.process.wait(15)
    assert time.monotonic() - began_s < 10
    assert daemon.workers() == {}


def test_a_crash_loop_ends_the_daemon_with_a_reason(broker, topics, tmp_path):
    workers = "count = 1\nmax_restarts = 1"
    with Daemon(broker, topics, tmp_path, workers=workers) as daemon:
        for kills in (1, 2):
            daemon.wait_for("worker started", count=kills)
            wait_until(daemon.workers)
            os.kill(daemon.workers()[0], signal.SIGKILL)
        assert daemon.process.wait(30) == 1
        reason = next(line["reason"] for line in daemon.lines() if line["event"] == "gave up")
        assert "SIGKILL" in reason
        assert "max_restarts" in reason


def test_a_gpu_that_is_not_there_stops_the_start(broker, topics, tmp_path):
    workers = 'count = 1\ndevice = "gpu:7"'
    with Daemon(broker, topics, tmp_path, workers=workers) as daemon:
        assert daemon.process.wait(90) == 1
        reason = next(line["reason"] for line in daemon.lines() if line["event"] == "gave up")
        assert "gpu:7" in reason.lower()
        assert sum(line["event"] == "worker started" for line in daemon.lines()) == 1
