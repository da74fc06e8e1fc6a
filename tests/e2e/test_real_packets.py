"""Every packet of a survey goes through the daemon and is accounted for."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.simulation.hits import simulate_hits
from tests.daemon import Daemon
from tests.mapped_packets import (
    MAPPINGS_FILE,
    broken_at_the_source,
    packet_for,
    shipped_mappings,
)
from tests.observed import classifications, dead_letters, ledger

SCORE_TOLERANCE = 0.02
"""Of the same image in batches of different size, in bfloat16; see models/runtime.py."""


def command(*words):
    """Run ``skytriage``; return its exit code and the JSON lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, words), "--json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def run_through(daemon, paths):
    """Publish files, let the daemon finish them, and return how many messages they were."""
    code, (summary,) = command(
        "publish", "hits", *paths, "--bootstrap", daemon.broker.bootstrap, "--topic", daemon.input
    )
    assert code == 0, summary
    daemon.wait_until_committed(summary["delivered"])
    return summary["delivered"]


def agree(daemon, lines):
    """Check that the daemon and ``classify`` say the same of each record."""
    seen = {}
    for record in classifications(daemon):
        seen.setdefault(record["eventId"], []).append(record)
    invalid = [line for line in lines if line["status"] == "invalid"]
    assert len(invalid) == len(dead_letters(daemon))
    valid = [line for line in lines if line["status"] != "invalid"]
    assert Counter(line["eventId"] for line in valid) == Counter(
        {event: len(records) for event, records in seen.items()}
    )
    for line in valid:
        scores = [record["score"] for record in seen[line["eventId"]]]
        assert min(abs(line["score"] - score) for score in scores) <= SCORE_TOLERANCE
        assert line["status"] in {record["status"] for record in seen[line["eventId"]]}


@pytest.fixture
def daemon(broker, topics, tmp_path):
    with Daemon(broker, topics, tmp_path) as daemon:
        yield daemon


def test_every_real_ztf_packet_is_classified_or_set_aside_with_a_reason(daemon, survey_data):
    folder = survey_data / "ztf"
    messages = run_through(daemon, [folder])
    _, lines = command("classify", "hits", folder)

    code, books = ledger(daemon)

    assert code == 0, books
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    dead = dead_letters(daemon)
    reasons = {
        Path(headers["skytriage.file"]).name: headers["__connect.errors.exception.message"]
        for _, headers in dead
    }
    answered = {Path(line["file"]).name for line in lines}
    assert answered == files, "a file was left out"
    assert len(classifications(daemon)) + len(dead) == messages
    assert all(len(reason) > 15 for reason in reasons.values())
    # Four schemas that are lists, three missing sync markers, one truncated, two archives,
    # and stamps that are JPEG: the README of the data counts them.
    assert {"121540793515135004.avro", "516401801315010009.avro"} <= reasons.keys()
    agree(daemon, lines)


def test_every_real_rubin_packet_with_cutouts_is_classified(broker, topics, tmp_path, survey_data):
    folder = survey_data / "lsst"
    schemas = f'directory = "{folder / "schemas"}"'
    with Daemon(broker, topics, tmp_path, schemas=schemas) as daemon:
        paths = sorted(folder.rglob("*.avro"))
        messages = run_through(daemon, paths)
        _, lines = command("classify", "hits", *paths, "--schemas", folder / "schemas")

        assert ledger(daemon)[0] == 0
        assert messages == len(paths)
        real = [line for line in lines if "derived_from_fink" in line["file"]]
        assert len(real) == 13
        assert {line["status"] for line in real} <= {"ok", "degraded"}
        ids = {record["eventIdLong"] for record in classifications(daemon)}
        assert {int(Path(line["file"]).name.split(".")[0]) for line in real} <= ids
        agree(daemon, lines)


@pytest.fixture
def mapping_daemon(broker, topics, tmp_path):
    """A daemon whose configuration ends in the mappings that come with us."""
    daemon = Daemon(broker, topics, tmp_path)
    daemon.config.write_text(daemon.config.read_text() + MAPPINGS_FILE.read_text())
    with daemon:
        yield daemon


def test_packets_of_other_surveys_are_classified_as_the_configuration_declares(
    mapping_daemon, tmp_path
):
    folder = tmp_path / "packets"
    folder.mkdir()
    for name, mapping in shipped_mappings().items():
        side = mapping.images.side
        stamps = np.random.default_rng(4).normal(50, 5, (3, side, side)).astype(np.float32)
        (folder / f"{name}.avro").write_bytes(packet_for(mapping, stamps))
    (folder / "broken.avro").write_bytes(broken_at_the_source())
    messages = run_through(mapping_daemon, [folder])
    _, lines = command("classify", "hits", folder, "--mappings", MAPPINGS_FILE)

    assert ledger(mapping_daemon)[0] == 0
    assert messages == 5
    surveys = {record["survey"] for record in classifications(mapping_daemon)}
    assert surveys == set(shipped_mappings())
    ((_, headers),) = dead_letters(mapping_daemon)
    assert "simulated.turbo" in headers["__connect.errors.exception.message"]
    assert "candidate.fid" in headers["__connect.errors.exception.message"]
    agree(mapping_daemon, lines)


def test_every_real_packet_of_other_surveys_is_classified_or_set_aside_with_a_reason(
    mapping_daemon, survey_data
):
    folder = survey_data / "other_surveys"
    messages = run_through(mapping_daemon, [folder])
    _, lines = command("classify", "hits", folder, "--mappings", MAPPINGS_FILE)

    assert ledger(mapping_daemon)[0] == 0
    assert messages == 17
    surveys = Counter(record["survey"] for record in classifications(mapping_daemon))
    assert surveys == {"pgir": 4, "winter": 4, "atlas": 3, "decam": 1}
    agree(mapping_daemon, lines)


def test_every_simulated_packet_is_classified_or_set_aside_with_a_reason(broker, topics, tmp_path):
    packets = tmp_path / "packets"
    simulate_hits(150, 7, packets)
    (packets / "torn.avro").write_bytes((packets / "000000.native.avro").read_bytes()[:-30])
    (packets / "letter.avro").write_bytes(b"Dear colleague")
    schemas = f'directory = "{packets / "schemas"}"'
    with Daemon(broker, topics, tmp_path, schemas=schemas) as daemon:
        files = sorted(packets.glob("*.avro"))
        messages = run_through(daemon, files)
        _, lines = command("classify", "hits", *files, "--schemas", packets / "schemas")

        code, books = ledger(daemon)

        assert code == 0, books
        assert messages == 152
        reasons = [
            headers["__connect.errors.exception.message"] for _, headers in dead_letters(daemon)
        ]
        assert len(reasons) == 2
        assert any("truncated" in reason for reason in reasons)
        agree(daemon, lines)
