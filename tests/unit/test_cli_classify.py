"""``skytriage classify``: files to judgements."""

from dataclasses import replace

import numpy as np
import pytest

from models import NETWORKS
from pipeline import classify as engine
from pipeline import lanes
from pipeline.simulation.hits import simulate_hits
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
    """Thirty simulated packets of all families, and something else."""
    made = simulate_hits(30, 5, tmp_path_factory.mktemp("night") / "packets")
    (made / "zz-hello.bin").write_bytes(b"hello")
    return made


@pytest.fixture(scope="module")
def everything(folder):
    """What the command says of all files."""
    outcome = skytriage("classify", "hits", folder, "--schemas", folder / "schemas", "--json")
    assert outcome.code == 0
    return outcome.lines


@pytest.fixture(scope="module")
def judged(everything):
    """What it says of the packets."""
    return everything[:30]


@pytest.fixture(scope="module")
def table(folder):
    """What a person sees who did not say where the schemas are."""
    return skytriage("classify", "hits", folder).out


@pytest.fixture(scope="module")
def lane(folder):
    """The stream, ready for files."""
    return engine.open_file_lane("hits", network=None, weights=None, schemas=folder / "schemas")


def test_there_is_a_line_for_each_packet_in_order(folder, judged):
    files = [line["file"] for line in judged]

    assert files == [str(path) for path in sorted(folder.glob("*.avro"))]


def test_the_keys_are_a_contract(judged):
    assert all(list(line) == KEYS for line in judged)


def test_identifiers_are_text_with_all_their_digits(folder, judged):
    labels = (folder / "labels.csv").read_text().splitlines()[1:]

    assert [line["eventId"] for line in judged] == [row.split(",")[1] for row in labels]


def test_probabilities_sum_to_1_and_the_alert_follows_from_the_score(judged):
    sums = [sum(line["classification"].values()) for line in judged]

    assert sums == pytest.approx([1.0] * 30, abs=1e-5)
    assert all(line["alert"] == (line["score"] >= line["threshold"]) for line in judged)


def test_nothing_is_invalid_in_a_simulated_night(judged):
    assert {line["status"] for line in judged} <= {"ok", "degraded"}
    assert {line["error"] for line in judged} == {None}


def test_a_file_that_is_no_packet_is_a_line_with_the_error(everything):
    line = everything[-1]

    assert (line["status"], line["alert"], line["index"]) == ("invalid", False, 0)
    assert "hello" in line["error"]
    assert line["eventId"] is None


def test_a_framed_packet_without_schemas_says_which_schema_it_needs(table):
    assert "schema id 2000000 is unknown" in table


def test_a_network_that_is_not_there_is_named(folder):
    outcome = skytriage("classify", "hits", folder, "--network", "deep_hats")

    assert outcome.code == 1
    assert "deep_hats" in outcome.err
    assert "deep_hits" in outcome.err


def test_a_person_sees_a_table_in_which_no_identifier_is_cut(table, judged):
    framed = [line for line in judged if ".lsst." in line["file"]]
    others = [line for line in judged if line not in framed]

    assert len(others) == 20
    assert all(line["eventId"] in table for line in others)


def test_records_go_to_the_network_in_batches(folder, lane, monkeypatch):
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
    monkeypatch.setattr(lanes, "NETWORKS", {**NETWORKS, "other": other})
    outcome = skytriage("classify", "hits", folder, "--network", "other")

    assert outcome.code == 1
    assert "(1, 21, 21)" in outcome.err


def test_unreadable_files_stay_in_their_place(tmp_path, folder, lane):
    good = sorted(folder.glob("*.avro"))[:2]
    files = [good[0], tmp_path / "gone", good[1]]
    judgements = list(engine.classify_files(lane, files))

    assert [item.file for item in judgements] == files
    assert judgements[1].error.startswith("the file cannot be read")
    assert np.isfinite(judgements[2].record["score"])
