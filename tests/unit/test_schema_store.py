import base64
import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pipeline.errors import ConfigurationError, DecodeError, TransientError
from pipeline.plan import parse_writer
from pipeline.schema_store import SchemaStore
from tests.strategies import record

POINT = {**record("point", x="int"), "namespace": "sky"}
ALERT = {
    **record("alert", where="sky.point", before={"type": "array", "items": "point"}),
    "namespace": "sky",
}


@contextmanager
def registry(answers):
    """Serve answers by path; note what was asked, and with which credentials."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Authorization")))
            status, body = answers.get(self.path, (404, {"error_code": 40403}))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answer(schema, **more):
    return 200, {"schema": json.dumps(schema), **more}


def write(path, schema):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(schema if isinstance(schema, str) else json.dumps(schema))


def field_types(schema):
    return {field["name"]: field["type"] for field in schema["fields"]}


def test_a_directory_holds_schemas_by_their_id(tmp_path):
    write(tmp_path / "17.avsc", record("a", x="int"))

    assert SchemaStore(directory=tmp_path).get(17)["name"] == "a"


def test_a_directory_like_rubins_has_the_version_as_the_id(tmp_path):
    write(tmp_path / "7" / "1" / "sky.point.avsc", POINT)
    write(tmp_path / "7" / "1" / "sky.alert.avsc", ALERT)

    schema = SchemaStore(directory=tmp_path).get(701)

    assert schema["name"] == "sky.alert"
    assert field_types(schema)["where"]["fields"] == POINT["fields"]
    assert field_types(schema)["before"]["items"] == "sky.point"


def test_a_record_that_nobody_uses_is_not_taken_for_the_packet(tmp_path):
    for name, schema in (("point", POINT), ("alert", ALERT), ("unused", record("unused", x="int"))):
        write(tmp_path / "7" / "1" / f"{name}.avsc", schema)

    assert SchemaStore(directory=tmp_path).get(701)["name"] == "sky.alert"


def test_two_packets_in_one_version_are_a_configuration_error(tmp_path):
    for name in ("alert", "other"):
        write(tmp_path / "7" / "1" / f"{name}.avsc", {**ALERT, "name": name})
    write(tmp_path / "7" / "1" / "point.avsc", POINT)

    with pytest.raises(ConfigurationError, match=r"has sky\.alert, sky\.other"):
        SchemaStore(directory=tmp_path)


@pytest.mark.parametrize(
    ("schema", "fault"),
    [("{", "cannot be read"), (record("a", x="unheard"), "unheard"), ([], "list of 0")],
)
def test_a_broken_schema_stops_the_start(tmp_path, schema, fault):
    write(tmp_path / "17.avsc", schema)

    with pytest.raises(ConfigurationError, match=fault):
        SchemaStore(directory=tmp_path)


def test_a_directory_without_schemas_stops_the_start(tmp_path):
    with pytest.raises(ConfigurationError, match="neither"):
        SchemaStore(directory=tmp_path)
    with pytest.raises(ConfigurationError, match="does not exist"):
        SchemaStore(directory=tmp_path / "absent")


def test_an_unknown_id_says_what_there_is(tmp_path):
    write(tmp_path / "17.avsc", record("a", x="int"))

    with pytest.raises(DecodeError, match="id 18 is unknown: the schema directory has 1, from 17"):
        SchemaStore(directory=tmp_path).get(18)


def test_without_any_schemas_the_error_says_so():
    with pytest.raises(DecodeError, match="neither a schema directory nor a registry is set"):
        SchemaStore().get(18)


def test_a_registry_is_asked_once():
    with registry({"/schemas/ids/5": answer(record("a", x="int"))}) as (url, asked):
        store = SchemaStore(registry=url)
        assert [store.get(5)["name"] for _ in range(3)] == ["a", "a", "a"]

    assert asked == [("/schemas/ids/5", None)]


def test_a_directory_goes_before_the_registry(tmp_path):
    write(tmp_path / "5.avsc", record("ours", x="int"))
    with registry({"/schemas/ids/5": answer(record("theirs", x="int"))}) as (url, asked):
        assert SchemaStore(registry=url, directory=tmp_path).get(5)["name"] == "ours"

    assert asked == []


def test_what_a_schema_refers_to_is_fetched_too():
    reference = {"name": "sky.point", "subject": "the points", "version": 3}
    answers = {
        "/schemas/ids/5": answer(ALERT, references=[reference]),
        "/subjects/the%20points/versions/3": answer(POINT),
    }
    with registry(answers) as (url, _):
        schema = SchemaStore(registry=url).get(5)

    assert parse_writer(schema).title == "sky.alert"


def test_schemas_that_refer_to_each_other_end():
    references = [{"name": "b", "subject": "b", "version": 1}]
    answers = {
        "/schemas/ids/5": answer(record("a", x="b"), references=references),
        "/subjects/b/versions/1": answer(record("b", y="b"), references=references),
    }
    with registry(answers) as (url, _):
        schema = SchemaStore(registry=url).get(5)

    assert field_types(schema)["x"]["fields"] == [{"name": "y", "type": "b"}]


def test_an_id_that_the_registry_lacks_is_a_bad_message_and_asked_for_once():
    with registry({}) as (url, asked):
        store = SchemaStore(registry=url)
        for _ in range(3):
            with pytest.raises(DecodeError, match="id 5 is unknown"):
                store.get(5)

    assert len(asked) == 1


def test_an_id_that_was_unknown_is_asked_for_again_later(monkeypatch):
    answers = {}
    with registry(answers) as (url, _):
        store = SchemaStore(registry=url)
        with pytest.raises(DecodeError):
            store.get(5)
        answers["/schemas/ids/5"] = answer(record("a", x="int"))
        store._unknown[5] = 0  # half a minute later

        assert store.get(5)["name"] == "a"


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_registry_in_trouble_is_tried_again_later(status):
    with (
        registry({"/schemas/ids/5": (status, {})}) as (url, _),
        pytest.raises(TransientError, match=str(status)),
    ):
        SchemaStore(registry=url).get(5)


def test_a_registry_that_is_not_there_is_tried_again_later():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    with pytest.raises(TransientError, match="does not answer"):
        SchemaStore(registry=f"http://127.0.0.1:{port}").get(5)


def test_a_registry_that_refuses_us_is_a_configuration_error():
    with (
        registry({"/schemas/ids/5": (401, {})}) as (url, _),
        pytest.raises(ConfigurationError, match="401"),
    ):
        SchemaStore(registry=url).get(5)


@pytest.mark.parametrize("body", [b"<html>", {"schemaless": True}])
def test_something_else_than_a_registry_is_an_error(body):
    with registry({"/schemas/ids/5": (200, body)}) as (url, _), pytest.raises(ConfigurationError):
        SchemaStore(registry=url).get(5)


def test_a_schema_of_another_kind_is_named():
    with (
        registry({"/schemas/ids/5": (200, {"schema": "x", "schemaType": "PROTOBUF"})}) as (url, _),
        pytest.raises(DecodeError, match="PROTOBUF"),
    ):
        SchemaStore(registry=url).get(5)


def test_the_credentials_are_sent():
    with registry({"/schemas/ids/5": answer(record("a", x="int"))}) as (url, asked):
        SchemaStore(registry=url.replace("//", "//night:hunter%402@")).get(5)

    assert asked[0][1] == "Basic " + base64.b64encode(b"night:hunter@2").decode()


def test_the_credentials_are_in_no_message():
    with registry({"/schemas/ids/5": (500, {}), "/schemas/ids/6": (401, {})}) as (url, _):
        store = SchemaStore(registry=url.replace("//", "//night:hunter2@"))
        messages = [repr(store)]
        for schema_id in (5, 6, 7):
            with pytest.raises((TransientError, ConfigurationError, DecodeError)) as caught:
                store.get(schema_id)
            error = caught.value
            messages += [repr(error), repr(error.__cause__), repr(error.__context__)]

    assert not any("hunter2" in message or "night" in message for message in messages)


def test_all_published_schemas_of_rubin_are_readable(survey_data):
    store = SchemaStore(directory=survey_data / "lsst" / "schemas")

    names = [store.get(i)["name"] for i in (700, 701, 702, 703, 704, 800, 900, 1000, 1100, 1101)]

    assert names == [
        f"lsst.v{v}.alert"
        for v in ("7_0", "7_1", "7_2", "7_3", "7_4", "8_0", "9_0", "10_0", "11_0", "11_1")
    ]


@pytest.mark.parametrize("text", ["{", '"string"', "[]"])
def test_a_schema_of_the_registry_that_is_no_record_is_a_bad_message(text):
    answers = {"/schemas/ids/5": (200, {"schema": text})}
    with registry(answers) as (url, _), pytest.raises(DecodeError):
        SchemaStore(registry=url).get(5)
