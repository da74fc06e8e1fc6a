"""``skytriage check`` against a real broker."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline import check
from tests.command_line import configuration, skytriage


@pytest.fixture
def config(broker, topics, tmp_path):
    """Write a configuration; all topics are there unless a test leaves one out."""

    def write(*missing, inputs=("hits",), **options):
        for name in {"hits", "classifications", "alerts", "dead-letters"} - set(missing):
            options_of = {"max_message_bytes": "20000000"} if name == "dead-letters" else {}
            topics.create(name, partitions=2, **options_of)
        names = [n if n.startswith("^") else topics.prefix + n for n in inputs]
        path = tmp_path / "night.toml"
        return configuration(path, broker.bootstrap, names, prefix=topics.prefix, **options)

    return write


@pytest.fixture
def no_network(monkeypatch):
    """Leave the networks out, which take seconds to load."""
    monkeypatch.setattr(check, "_stream", lambda name: lambda settings: iter(()))


def faults(outcome):
    return {f["what"]: f["detail"] for f in outcome.json["findings"] if f["status"] == "fault"}


def test_a_good_configuration_has_no_fault(config):
    looked = skytriage("check", config(), "--json")

    assert (looked.code, faults(looked)) == (0, {})
    assert {f["what"] for f in looked.json["findings"]} >= {
        "settings",
        "kafka",
        "broker",
        "transactions",
        "stream hits",
    }


def test_weights_that_are_not_there_are_a_fault(config, tmp_path):
    path = config()
    path.write_text(path.read_text().replace("[output]", f'weights = "{tmp_path}"\n[output]'))
    looked = skytriage("check", path, "--json")

    assert looked.code == 1
    assert "manifest" in faults(looked)["stream hits"]


@pytest.mark.parametrize("missing", ["hits", "alerts"])
def test_a_topic_that_is_not_there_is_a_fault(config, topics, no_network, missing):
    looked = skytriage("check", config(missing), "--json")

    assert looked.code == 1
    assert list(faults(looked)) == [f"topic {topics.prefix}{missing}"]


def test_a_pattern_without_topics_is_a_hint(config, no_network):
    looked = skytriage("check", config(inputs=("^no-topic-begins-so",)), "--json")

    assert looked.code == 0
    hints = [f["detail"] for f in looked.json["findings"] if f["status"] == "hint"]
    assert hints == ["no topic matches ^no-topic-begins-so yet"]


def test_more_workers_than_partitions_are_a_hint(config, no_network):
    path = config()
    path.write_text(path.read_text() + "[workers]\ncount = 5\n")
    looked = skytriage("check", path, "--json")

    hints = {f["what"]: f["detail"] for f in looked.json["findings"] if f["status"] == "hint"}
    assert hints == {"workers": "5 workers for 2 partitions: 3 will have nothing"}


def test_dead_letters_that_cannot_be_as_large_as_messages_are_a_fault(config, topics, no_network):
    topics.create("dead-letters", max_message_bytes="1000")
    looked = skytriage("check", config("dead-letters"), "--json")

    assert "max.message.bytes is 1000" in faults(looked)[f"topic {topics.prefix}dead-letters"]


def test_results_that_are_forgotten_before_their_messages_are_a_hint(config, topics, no_network):
    topics.create("classifications", retention_ms="3600000")
    looked = skytriage("check", config("classifications"), "--json")

    hints = [f["detail"] for f in looked.json["findings"] if f["status"] == "hint"]
    assert hints == ["kept for 1 h, the input for 168 h: the ledger will miss results"]


def test_an_option_that_librdkafka_does_not_know_is_a_fault(config, no_network):
    looked = skytriage("check", config(kafka='fetch.mni.bytes = "1"'), "--json")

    assert looked.code == 1
    assert "fetch.mni.bytes" in faults(looked)["kafka"]


def test_a_registry_that_is_not_there_is_a_fault_without_its_password(config, no_network):
    path = config()
    path.write_text(path.read_text() + '[schemas]\nregistry = "http://user:hunter2@127.0.0.1:1/"\n')
    looked = skytriage("check", path, "--json")

    assert "127.0.0.1:1" in faults(looked)["schemas"]
    assert "hunter2" not in looked.out + looked.err


def test_a_registry_that_answers_is_no_fault(config, no_network):
    class Registry(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(["a-value"]).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    path = config()
    url = f"http://127.0.0.1:{server.server_port}"
    path.write_text(path.read_text() + f'[schemas]\nregistry = "{url}"\n')
    looked = skytriage("check", path, "--json")
    server.shutdown()
    thread.join()
    server.server_close()

    assert looked.code == 0
    details = [f["detail"] for f in looked.json["findings"] if f["what"] == "schemas"]
    assert details == [f"registry {url}, 1 subjects"]


def test_a_person_sees_a_line_for_each_thing(config, no_network):
    looked = skytriage("check", config("alerts"))

    assert looked.code == 1
    assert any(line.startswith("fault  topic") for line in looked.out.splitlines())
