"""``skytriage classify``: files to judgements."""

from dataclasses import replace

import numpy as np
import pytest

from models import NETWORKS
from pipeline import classify as engine
from pipeline.simulate import simulate_hits
from tests.command_line import skytriage

KEYS = [
    "file",
    "index",
    "eventId",
    "eventTime",
    "status",
    "alert",
    "classification",
    "score",
    "threshold",
    "quality",
    "error",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty simulated packets of all families."""
    return simulate_hits(30, 5, tmp_path_factory.mktemp("night") / "packets")


@pytest.fixture(scope="module")
def judged(folder):
    """What the command says of them."""
    outcome = skytriage("classify", "hits", folder, "--schemas", folder / "schemas", "--json")
    assert outcome.code == 0
    return outcome


def test_there_is_a_line_for_each_packet_in_order(folder, judged):
    files = [line["file"] for line in judged.lines]

    assert files == [str(path) for path in sorted(folder.glob("*.avro"))]


def test_the_keys_are_a_contract(judged):
    assert all(list(line) == KEYS for line in judged.lines)


def test_identifiers_are_text_with_all_their_digits(folder, judged):
    labels = (folder / "labels.csv").read_text().splitlines()[1:]

    assert [line["eventId"] for line in judged.lines] == [row.split(",")[1] for row in labels]


def test_probabilities_sum_to_1_and_the_alert_follows_from_the_score(judged):
    sums = [sum(line["classification"].values()) for line in judged.lines]

    assert sums == pytest.approx([1.0] * 30, abs=1e-5)
    assert all(line["alert"] == (line["score"] >= line["threshold"]) for line in judged.lines)


def test_nothing_is_invalid_in_a_simulated_night(judged):
    assert {line["status"] for line in judged.lines} <= {"ok", "degraded"}
    assert {line["error"] for line in judged.lines} == {None}


def test_a_file_that_is_no_packet_is_a_line_with_the_error(tmp_path):
    (tmp_path / "hello.bin").write_bytes(b"hello")
    (line,) = skytriage("classify", "hits", tmp_path, "--json").lines

    assert (line["status"], line["alert"], line["index"]) == ("invalid", False, 0)
    assert "hello" in line["error"]
    assert line["eventId"] is None


def test_a_framed_packet_without_schemas_says_which_schema_it_needs(folder):
    packet = next(folder.glob("*.lsst.avro"))
    (line,) = skytriage("classify", "hits", packet, "--json").lines

    assert "schema id" in line["error"]


def test_a_network_that_is_not_there_is_named(folder):
    outcome = skytriage("classify", "hits", folder, "--network", "deep_hats")

    assert outcome.code == 1
    assert "deep_hats" in outcome.err
    assert "deep_hits" in outcome.err


def test_a_person_sees_a_table_in_which_no_identifier_is_cut(folder, judged):
    shown = skytriage("classify", "hits", folder, "--schemas", folder / "schemas").out

    assert all(line["eventId"] in shown for line in judged.lines)


def test_records_go_to_the_network_in_batches(folder, monkeypatch):
    lane = engine.open_file_lane("hits", network=None, weights=None, schemas=folder / "schemas")
    sizes = []
    infer = lane.classifier._runtime.infer

    class Counting:
        batch_sizes = lane.classifier._runtime.batch_sizes

        def infer(self, inputs):
            sizes.append(len(inputs))
            return infer(inputs)

    monkeypatch.setattr(lane.classifier, "_runtime", Counting())
    files = sorted(folder.glob("*.avro"))

    assert len(list(engine.classify_files(lane, files))) == 30
    assert sizes == [32]


def test_a_network_that_takes_other_samples_is_refused(folder, monkeypatch):
    other = replace(NETWORKS["deep_hits"], name="other", sample_shape=(1, 21, 21))
    monkeypatch.setattr(engine, "NETWORKS", {**NETWORKS, "other": other})
    outcome = skytriage("classify", "hits", folder, "--network", "other")

    assert outcome.code == 1
    assert "(1, 21, 21)" in outcome.err


def test_unreadable_files_stay_in_their_place(tmp_path, folder):
    lane = engine.open_file_lane("hits", network=None, weights=None, schemas=folder / "schemas")
    good = sorted(folder.glob("*.avro"))[:2]
    files = [good[0], tmp_path / "gone", good[1]]
    judgements = list(engine.classify_files(lane, files))

    assert [item.file for item in judgements] == files
    assert judgements[1].error.startswith("the file cannot be read")
    assert np.isfinite(judgements[2].record["score"])
