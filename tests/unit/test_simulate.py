import csv
import io
import itertools

import fastavro
import numpy as np
import pytest

from pipeline.decode import Decoder
from pipeline.schema_store import SchemaStore
from pipeline.simulation import SIMULATED
from pipeline.simulation.hits import FAMILIES, simulate_hits, simulated_packets
from pipeline.simulation.packet import write_folder
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

COUNT, SEED = 12, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return simulate_hits(COUNT, SEED, tmp_path_factory.mktemp("night") / "packets")


@pytest.fixture(scope="module")
def candidates(folder):
    """The truth and the decoded candidate of each packet."""
    stream = STREAMS["hits"]
    store = SchemaStore(directory=folder / "schemas")
    decoder = Decoder(stream, PacketReader(stream.formats, store))
    with (folder / "labels.csv").open() as file:
        return [
            (row, decoder.decode((folder / row["file"]).read_bytes()))
            for row in csv.DictReader(file)
        ]


def test_every_packet_is_in_the_table_of_labels(folder, candidates):
    files = {path.name for path in folder.glob("*.avro")}

    assert len(files) == COUNT
    assert {row["file"] for row, _ in candidates} == files


def test_every_packet_decodes_to_the_id_in_the_table(candidates):
    assert all(row["eventId"] == candidate.event.event_id for row, candidate in candidates)
    assert len({row["eventId"] for row, _ in candidates}) == COUNT


def test_every_id_is_one_that_a_double_would_change(candidates):
    assert all(int(float(row["eventId"])) != int(row["eventId"]) for row, _ in candidates)


def test_every_packet_is_clean_and_says_that_it_is_simulated(candidates):
    for _, candidate in candidates:
        assert candidate.quality == {}
        assert "simulated" in candidate.event.survey


def test_mixed_packets_take_turns(candidates):
    families = [row["file"].split(".")[1] for row, _ in candidates]

    assert families == list(FAMILIES) * (COUNT // 3)


def test_the_table_says_what_each_candidate_is(candidates):
    for row, _ in candidates:
        assert row["label"] in {"0", "1"}
        assert (row["label"] == "1") == (row["kind"] in {"transient", "variable star"})
        assert abs(float(row["snr"])) > 5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_makes_the_same_packets_again(family):
    first, again = (
        [packet.data for packet in itertools.islice(simulated_packets(SEED, family=family), 3)]
        for _ in range(2)
    )

    assert first == again


@pytest.mark.parametrize("family", FAMILIES)
def test_another_seed_makes_other_candidates(family):
    ids = [
        {packet.event_id for packet in itertools.islice(simulated_packets(seed, family=family), 5)}
        for seed in (1, 2)
    ]

    assert ids[0].isdisjoint(ids[1])


def test_one_family_can_be_had_alone(tmp_path):
    folder = simulate_hits(4, SEED, tmp_path, family="ztf")

    assert len(list(folder.glob("*.ztf.avro"))) == 4
    assert not (folder / "schemas").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()

    with pytest.raises(FileExistsError, match="not empty"):
        simulate_hits(1, SEED, tmp_path)


def test_the_stamp_is_in_the_middle_of_the_cutouts():
    native, ztf, lsst = (
        next(iter(simulated_packets(SEED, family=family))).data for family in FAMILIES
    )
    stream = STREAMS["hits"]
    reader = PacketReader(stream.formats, SchemaStore())
    expected = Decoder(stream, reader).decode(native).sample[:3]

    assert (Decoder(stream, reader).decode(ztf).sample[:3] == expected).all()
    assert expected[0].astype(">f4").tobytes()[:84] in lsst  # the first row of the template


def test_the_variance_of_a_simulated_rubin_packet_gives_the_snr_back(candidates):
    decoded = [candidate for row, candidate in candidates if ".lsst." in row["file"]]

    for candidate in decoded:
        ratio, difference = candidate.sample[3], candidate.sample[2]
        assert np.isfinite(ratio).all()
        assert (np.sign(ratio) == np.sign(difference)).all()


def test_a_simulated_ztf_packet_has_a_history_to_step_over():
    packets = itertools.islice(simulated_packets(SEED, family="ztf"), 5)
    histories = [
        next(fastavro.reader(io.BytesIO(packet.data)))["prv_candidates"] for packet in packets
    ]

    assert all(histories)
    found = [entry for history in histories for entry in history]
    assert {entry["candid"] is None for entry in found} == {True, False}


def test_a_file_may_hold_several_packets(tmp_path):
    write_folder(SIMULATED["xgamma"](SEED), 7, tmp_path, batch=3)
    with (tmp_path / "labels.csv").open() as file:
        named = [(row["file"], row["eventId"]) for row in csv.DictReader(file)]

    held = [
        (path.name, record["eventId"])
        for path in sorted(tmp_path.glob("*.avro"))
        for record in fastavro.reader(io.BytesIO(path.read_bytes()))
    ]

    assert held == named
    assert [name for name, _ in held] == (
        ["000000.xgamma.avro"] * 3 + ["000003.xgamma.avro"] * 3 + ["000006.xgamma.avro"]
    )


def test_the_table_says_what_each_pulse_is():
    made = list(itertools.islice(SIMULATED["xgamma"](SEED), 100))

    assert {packet.label for packet in made} == {0, 1}
    assert all(packet.kind.startswith(("X-ray", "gamma ray")[packet.label]) for packet in made)
    assert min(packet.snr for packet in made) > 3  # 375 electrons over a noise of 100
