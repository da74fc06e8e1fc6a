"""``docs/add-a-stream.md`` is followed to the letter, in a copy of this repository."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipeline.settings import StreamSettings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-stream.md").read_text()
FILES = re.findall(r"^\*\*`([\w./]+)`\*\*\n\n```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^\$ skytriage (.*)$", PAGE, re.MULTILINE)
PACKAGES = ("pipeline", "models", "schemas", "tests")

pytestmark = pytest.mark.slow


def changed(text, diff):
    """Return a file with the lines of a page's diff in it: replaced, or added at its end."""
    pairs = re.findall(r"^-(.*)\n((?:\+.*\n)+)", diff, re.MULTILINE)
    if not pairs:
        return text + "".join(f"{line[1:]}\n" for line in diff.splitlines())
    for old, lines in pairs:
        new = "\n".join(line[1:] for line in lines.splitlines())
        assert text.count(old) == 1, (
            f"the page replaces {old!r}, which is there {text.count(old)} times"
        )
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The repository after the page was followed."""
    folder = tmp_path_factory.mktemp("fifth")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, kind, text in FILES:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(changed(target.read_text(), text) if kind == "diff" else text)
    return folder


def run(repository, *command):
    """Run a program of Python in the copy, with its packages."""
    environment = {**os.environ, "PYTHONPATH": str(repository), "TF_CPP_MIN_LOG_LEVEL": "3"}
    outcome = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,  # its output says more than its exit code
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def judged(repository):
    """What the last command of the page prints, after those before it."""
    *_, printed = [run(repository, "pipeline", *command.split()) for command in COMMANDS]
    return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture(scope="module")
def truth(repository, judged):
    with (repository / "packets" / "labels.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_new_stream_judges_every_packet_that_was_simulated(judged, truth):
    assert [line["eventId"] for line in judged] == [row["eventId"] for row in truth]
    assert {line["status"] for line in judged} == {"ok"}


def test_the_network_learned_what_a_burst_is(judged, truth):
    right = [
        line["alert"] == (row["label"] == "1") for line, row in zip(judged, truth, strict=True)
    ]

    assert sum(right) >= 0.9 * len(right)


def test_the_tests_of_the_page_and_those_of_all_streams_pass(repository):
    tests = [path for path, *_ in FILES if path.startswith("tests/")]
    options = ["-q", "-p", "no:cacheprovider", "-o", "addopts=--import-mode=importlib"]

    run(repository, "pytest", *options, *tests, "tests/unit/streams/test_streams.py")


def test_the_files_of_the_page_are_written_as_ours(repository):
    made = [path for path, kind, _ in FILES if kind == "python"]

    run(repository, "ruff", "check", "--no-cache", *made)
    run(repository, "ruff", "format", "--no-cache", "--check", *made)


def test_the_configuration_of_the_page_can_be_read():
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    assert StreamSettings(**tomllib.loads(block)["streams"]["radio"]).topics == ["radio"]
