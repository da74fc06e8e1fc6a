"""The command line: names, exit codes, and what is said when something is wrong."""

import os
import subprocess
import sys

import pytest

from pipeline import __version__, check
from pipeline.simulation import SIMULATED
from tests.command_line import configuration, skytriage

COMMANDS = (
    "run",
    "check",
    "demo",
    "publish",
    "classify",
    "tail",
    "ledger",
    "dead-letters",
    "topics",
    "simulate",
    "bench",
)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A configuration whose broker does not exist, and little patience with it."""
    monkeypatch.setattr(check, "ANSWER_TIMEOUT_S", 0.5)
    monkeypatch.setattr(check, "_stream", lambda name: lambda settings: iter(()))
    return configuration(
        tmp_path / "night.toml", "127.0.0.1:1", ["hits"], kafka='sasl.password = "hunter2"'
    )


def test_the_names_of_the_commands_are_a_contract():
    shown = skytriage("--help")

    missing = [name for name in COMMANDS if f" {name} " not in shown.out]
    assert (shown.code, missing) == (0, [])


@pytest.mark.parametrize(
    "arguments", [("topics", "create"), ("simulate", "hits"), *((name,) for name in COMMANDS)]
)
def test_every_command_explains_itself(arguments):
    assert skytriage(*arguments, "--help").code == 0


def test_the_version_is_told():
    assert skytriage("--version").out == f"skytriage {__version__}\n"


def test_help_needs_nothing_that_takes_long_to_import():
    code = (
        "import sys, pipeline.cli;"
        "slow = {'tensorflow', 'openvino', 'numpy', 'astropy', 'pydantic', 'confluent_kafka'};"
        "print(sorted(slow & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("no-such-command",),
        ("publish", "hits"),
        ("publish", "no-such-stream", "x", "--bootstrap", "b:1"),
        ("publish", "hits", "x"),
        ("publish", "hits", "x", "--bootstrap", "b:1", "--set", "linger.ms"),
        ("classify", "no-such-stream", "x"),
        ("tail",),
        ("simulate", "hits", "--out", "x", "--family", "no-such-family"),
        ("topics", "create", "x.toml", "--replication", "0"),
    ],
)
def test_being_asked_wrongly_is_2(arguments):
    asked = skytriage(*arguments)

    assert asked.code == 2
    assert "Traceback" not in asked.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "gone.toml"),
        ("check", "gone.toml"),
        ("ledger", "gone.toml"),
        ("topics", "create", "gone.toml"),
        ("tail", "--config", "gone.toml"),
        ("classify", "hits", "gone"),
        ("publish", "hits", "gone", "--bootstrap", "b:1"),
    ],
)
def test_what_cannot_be_done_is_1_and_one_clear_sentence(arguments):
    failed = skytriage(*arguments)

    assert failed.code == 1
    assert "gone" in failed.err + failed.out
    assert "Traceback" not in failed.err


def test_a_wrong_configuration_is_told_by_check_with_every_key(tmp_path):
    path = tmp_path / "night.toml"
    path.write_text(
        'groups = "x"\n[kafka]\nbootstrap.servers = "b:1"\n[streams.hits]\ntopic = "x"\n'
    )
    looked = skytriage("check", path, "--json")

    assert looked.code == 1
    detail = looked.json["findings"][0]["detail"]
    assert "groups: there is no such setting" in detail
    assert "streams.hits.topic: there is no such setting" in detail


def test_a_broker_that_is_not_there_is_a_fault_of_check(nowhere):
    looked = skytriage("check", nowhere, "--json")

    assert looked.code == 1
    assert [f["what"] for f in looked.json["findings"] if f["status"] == "fault"] == ["broker"]


@pytest.mark.parametrize("command", [("check",), ("check", "--json")])
def test_passwords_are_not_shown(nowhere, command):
    looked = skytriage(*command, nowhere)

    assert "hunter2" not in looked.out + looked.err


def test_a_bug_shows_where_it_is_and_no_values_of_variables(tmp_path):
    """Values of variables would be passwords sooner or later."""
    path = configuration(tmp_path / "c.toml", "b:1", ["x"], kafka='sasl.password = "hunter2"')
    code = (
        "import pipeline.audit, pipeline.cli\n"
        "def audit(settings): return 1 / 0\n"
        "pipeline.audit.audit = audit\n"
        f"pipeline.cli.main(['ledger', {str(path)!r}])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "ZeroDivisionError" in ran.stderr
    assert "hunter2" not in ran.stderr + ran.stdout


def test_a_reader_that_has_had_enough_sees_no_traceback():
    """As in ``skytriage tail | head``."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "pipeline", "--version"]
    ran = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)

    assert ran.stderr == ""


@pytest.mark.parametrize("stream", SIMULATED)
def test_simulated_packets_are_the_same_for_the_same_seed(stream, tmp_path):
    for name in ("a", "b"):
        made = skytriage("simulate", stream, "--count", 6, "--seed", 3, "--out", tmp_path / name)
        assert made.code == 0
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("a", "b")
    ]

    assert contents[0] == contents[1]


def test_simulated_packets_do_not_go_where_something_is(tmp_path):
    (tmp_path / "precious").write_text("x")
    made = skytriage("simulate", "hits", "--count", 1, "--out", tmp_path)

    assert made.code == 1
    assert "not empty" in made.err
