"""The number by which a registry knows our schema."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline import register
from pipeline.encode import SCHEMA, Encoder, make_encoder
from pipeline.errors import ConfigurationError
from pipeline.received import ClassificationReader
from pipeline.schema_store import SchemaStore
from pipeline.settings import Settings
from tests.alert_strategies import make_alert


@contextmanager
def registry(*answers):
    """A registry that gives these answers, one after the other, and keeps what it was sent."""
    asked = []
    left = iter(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, json.loads(body), self.headers.get("Authorization")))
            status, answer = next(left)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(**schemas):
    return Settings(
        kafka={"bootstrap.servers": "localhost:1"},
        streams={"hits": {"topics": ["hits"]}},
        output={"wire": "confluent"},
        schemas=schemas,
    )


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(register, "PAUSES_S", (0.001,))


def test_the_schema_is_registered_for_both_topics_and_its_id_used():
    with registry((200, {"id": 77}), (200, {"id": 77})) as (host, asked):
        encoder = make_encoder(settings(registry=f"http://{host}/"))

    assert [path for path, _, _ in asked] == [
        "/subjects/skytriage.classifications-value/versions",
        "/subjects/skytriage.alerts-value/versions",
    ]
    assert json.loads(asked[0][1]["schema"]) == SCHEMA
    assert encoder.encode(make_alert())[:5] == b"\x00" + (77).to_bytes(4)


def test_user_and_password_of_the_url_are_sent():
    with registry((200, {"id": 1}), (200, {"id": 1})) as (host, asked):
        make_encoder(settings(registry=f"http://user:hunter2@{host}"))

    assert asked[0][2] == "Basic dXNlcjpodW50ZXIy"


def test_a_refusal_names_the_subject_and_hides_the_password():
    with (
        registry((409, {"message": "incompatible"})) as (host, _),
        pytest.raises(ConfigurationError, match="incompatible") as error,
    ):
        make_encoder(settings(registry=f"http://user:hunter2@{host}"))

    assert "skytriage.classifications-value" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_registry_that_starts_slowly_is_waited_for(no_pauses):
    with registry((503, {}), (200, {"id": 5}), (200, {"id": 5})) as (host, _):
        encoder = make_encoder(settings(registry=f"http://{host}"))

    assert encoder.encode(make_alert())[4] == 5


def test_a_registry_that_is_not_there_stops_the_start_without_its_password(no_pauses):
    with pytest.raises(ConfigurationError, match=r"cannot reach .*127\.0\.0\.1:1") as error:
        make_encoder(settings(registry="http://user:hunter2@127.0.0.1:1"))

    assert "hunter2" not in str(error.value)


def test_two_ids_for_one_schema_are_refused():
    with (
        registry((200, {"id": 1}), (200, {"id": 2})) as (host, _),
        pytest.raises(ConfigurationError, match="several ids"),
    ):
        make_encoder(settings(registry=f"http://{host}"))


def test_a_directory_says_the_id_by_the_name_of_the_file(tmp_path):
    (tmp_path / "9.avsc").write_text('{"type": "record", "name": "other", "fields": []}')
    (tmp_path / "42.avsc").write_text(json.dumps(SCHEMA))

    assert make_encoder(settings(directory=tmp_path)).encode(make_alert())[4] == 42


def test_a_directory_without_our_schema_stops_the_start(tmp_path):
    (tmp_path / "1.avsc").write_text("not even JSON")

    with pytest.raises(ConfigurationError, match="schemas/classification"):
        make_encoder(settings(directory=tmp_path))


def test_framed_alerts_are_read_with_the_directory_s_schema(tmp_path):
    (tmp_path / "42.avsc").write_text(json.dumps(SCHEMA))
    data = Encoder("confluent", schema_id=42).encode(make_alert(event_id=2**60 + 1))
    reader = ClassificationReader(schemas=SchemaStore(directory=tmp_path))

    assert reader.read(data)["eventIdLong"] == 2**60 + 1
