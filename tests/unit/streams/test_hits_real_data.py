"""The packets that surveys really sent: which are read, and what is wrong with the others."""

import io
import json
import re
from collections import Counter

import fastavro
import numpy as np
import pytest

from pipeline.container import Header
from pipeline.decode import Decoder
from pipeline.errors import ConfigurationError, DecodeError, InvalidMessage
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader, split_container
from tests.mapped_packets import shipped_mappings

READS = "this stream reads hits_candidate, lsst, ztf"
KNOWS = "it reads hits_candidate, lsst, ztf"

BROKEN_AT_THE_SOURCE = {
    "DecodeError: the Avro schema atlas.alert is not valid, field cutoutTemplate: "
    "redefined named type: atlas.alert.cutout": 1,
    "DecodeError: the Avro schema turbo.alert N.N is not valid, field candidate.fid: "
    "Default value <None> must match schema type: int": 2,
}


@pytest.fixture(scope="module")
def hits(survey_data):
    stream = STREAMS["hits"]
    store = SchemaStore(directory=survey_data / "lsst" / "schemas")
    return Decoder(stream, PacketReader(stream.formats, store))


@pytest.fixture(scope="module")
def mapped():
    """The stream with the mappings that come with us."""
    stream = STREAMS["hits"]
    formats = [stream.map_packets(*item) for item in shipped_mappings().items()]
    return Decoder(stream, PacketReader((*formats, *stream.formats), SchemaStore()))


def fits_cards(data):
    """Return the cards of the first header of a FITS file, as text."""
    cards = (data[at : at + 80].decode() for at in range(0, data.index(b"END" + b" " * 77), 80))
    return {card[:8].strip(): card[10:].partition("/")[0].strip() for card in cards}


def messages(path):
    """Return what a file is as messages: its records, or all of it if it has none."""
    data = path.read_bytes()
    try:
        return split_container(data)
    except DecodeError:
        return [data]


def outcomes(hits, folder):
    """Decode all files of a folder; return what came out, by file and record."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.suffix != ".avsc"):
        if not path.is_file():
            continue
        for index, data in enumerate(messages(path)):
            try:
                found[path.name, index, path.parent.name] = hits.decode(data)
            except InvalidMessage as error:
                found[path.name, index, path.parent.name] = error
    return found


@pytest.fixture(scope="module")
def ztf(hits, survey_data):
    return outcomes(hits, survey_data / "ztf")


def good(found):
    return [value for value in found.values() if not isinstance(value, Exception)]


def reasons(found):
    """Count the errors, without the numbers in them."""
    errors = (value for value in found.values() if isinstance(value, Exception))
    return Counter(f"{type(e).__name__}: {re.sub(r'-?[0-9]+', 'N', str(e))}" for e in errors)


def test_every_readable_record_of_ztf_is_a_candidate(ztf):
    candidates = good(ztf)

    assert len(candidates) == 186  # and two more are readable but for their stamps, which are JPEG
    assert len({candidate.event.event_id for candidate in candidates}) == 181


def test_every_unreadable_file_of_ztf_says_why(ztf):
    assert reasons(ztf) == {
        "DecodeError: the Avro schema is a list of N types "
        "(candidate, prv_candidate, cutout, alert), not one": 4,
        "DecodeError: the Avro container is truncated: a block of it ends after N bytes, "
        "and there are N": 4,
        "DecodeError: the image is a JPEG image, not FITS": 2,
        f"DecodeError: the message is a zip archive, no Avro packet: {READS}": 1,
        f"DecodeError: the message is gzip of a tar archive, no Avro packet: {READS}": 1,
    }


def test_all_schemas_of_ztf_are_read(ztf):
    found = Counter(candidate.schema_id for candidate in good(ztf))

    assert found == {
        "topLevelRecord": 109,
        "ztf.alert 3.3": 56,
        "ztf.alert 4.01": 10,
        "ztf.alert 3.1": 6,
        "ztf.alert 1.8": 4,
        "ztf.alert 3.2": 1,
    }


def test_every_packet_of_ztf_has_a_place_and_a_time(ztf):
    for candidate in good(ztf):
        event = candidate.event
        assert 0 <= event.ra_deg < 360
        assert -90 <= event.dec_deg <= 90
        assert event.time.scale == "utc"
        assert 1.5e15 < event.survey_us < 1.8e15  # 2017 to 2027


def test_spark_files_are_named_by_the_candid_backwards(ztf):
    names = {
        (name, candidate.event.event_id)
        for (name, _, folder), candidate in ztf.items()
        if folder == "alercebroker+pipeline" and candidate.schema_id == "topLevelRecord"
    }

    assert len(names) == 42
    assert all(name.removesuffix(".avro")[::-1] == event_id for name, event_id in names)


CUT = {
    "000010510553834249.avro": (43, 63),
    "000010512502623516.avro": (63, 54),
    "000010512547213126.avro": (63, 59),
}


def test_the_three_cutouts_at_an_edge_are_noted_and_need_no_padding(ztf):
    noted = {key[0]: value.quality for key, value in ztf.items() if getattr(value, "quality", None)}

    assert noted == {name: {"nonSquare": 1} for name in CUT}


@pytest.mark.parametrize("name", CUT)
def test_the_source_of_a_cutout_at_an_edge_is_in_the_middle(ztf, name):
    (candidate,) = (value for key, value in ztf.items() if key[0] == name)
    y, x = np.unravel_index(np.nanargmax(candidate.sample[2]), (21, 21))

    assert max(abs(y - 10), abs(x - 10)) <= 1


def test_every_packet_of_rubin_with_cutouts_is_a_candidate(hits, survey_data):
    found = outcomes(hits, survey_data / "lsst")

    assert reasons(found) == {"MissingInput: event N has no cutoutTemplate": 27}
    assert len(good(found)) == 13
    for (name, _, _), candidate in found.items():
        if not isinstance(candidate, Exception):
            assert candidate.event.event_id == name.removesuffix(".confluent.avro")
            assert candidate.quality == {}
            assert np.isfinite(candidate.sample).all()


BRIGHT = ("169813006395375696", "169813007065939974", "169813007065940063")
"""Signal-to-noise ratio above 20 and reliability above 0.9."""


@pytest.mark.parametrize("name", BRIGHT)
def test_the_source_of_a_rubin_packet_is_in_the_middle(hits, survey_data, name):
    folder = survey_data / "lsst" / "derived_from_fink_parquet_v10_0"
    sample = hits.decode((folder / f"{name}.confluent.avro").read_bytes()).sample

    y, x = np.unravel_index(sample[2].argmax(), (21, 21))

    assert max(abs(y - 10), abs(x - 10)) <= 1


def test_packets_of_other_surveys_are_named(hits, survey_data):
    found = outcomes(hits, survey_data / "other_surveys")

    assert good(found) == []
    assert reasons(found) == {
        "DecodeError: the packet is like ZTF's, and not ZTF's (publisher: pgirdps): "
        "it can be read if a mapping declares it": 4,
        "DecodeError: the packet is like ZTF's, and not ZTF's (publisher: DESIRT): "
        "it can be read if a mapping declares it": 1,
        "DecodeError: this stream knows no packets like winter.alert, with the fields "
        f"schemavsn, publisher, objectid, candid, candidate ...; {KNOWS}": 4,
        "DecodeError: this stream knows no packets like atlas.alert, with the fields "
        f"schemavsn, publisher, objectId, candid, candidate ...; {KNOWS}": 3,
        "DecodeError: this stream knows no packets like lsst.vN_N.brokerClassfication, with the "
        "fields alertId, diaObjectId, elasticcPublishTimestamp, brokerIngestTimestamp, "
        f"classifications; {KNOWS}": 1,
        **BROKEN_AT_THE_SOURCE,
        "DecodeError: the message is unknown binary data (eN aN fN ad N aN Nd cN), "
        f"no Avro packet: {READS}": 1,
    }


def test_packets_of_four_other_surveys_are_read_as_their_mappings_declare(mapped, survey_data):
    found = outcomes(mapped, survey_data / "other_surveys")
    surveys = Counter(candidate.event.survey for candidate in good(found))

    assert surveys == {"pgir": 4, "winter": 4, "atlas": 3, "decam": 1}
    assert all(candidate.event.survey_us is not None for candidate in good(found))
    assert all(
        np.isfinite(candidate.sample[:3]).any(axis=(1, 2)).all() for candidate in good(found)
    )


def test_what_a_mapping_cannot_mend_is_named_by_its_fault(mapped, survey_data):
    told = reasons(outcomes(mapped, survey_data / "other_surveys"))

    assert BROKEN_AT_THE_SOURCE.items() <= told.items()
    assert sum(told.values()) == 5  # and the two files that are somebody's answers, not alerts


@pytest.mark.parametrize(
    ("name", "event_id", "ra_deg"),
    [
        ("pgir/114322796.avro", "114322796", 284.3791744),
        ("wntr/3608701.avro", "3608701", 262.2424724500909),
        ("atlas/02a59543o0072o_000833.avro", "02a59543o0072o_000833", None),
        ("decam/alert.avro", "c4d_260708_015517_xxx_g_dts-1511-140151997p15275543", 210.466654878),
    ],
)
def test_identifier_and_position_are_those_of_the_survey(
    mapped, survey_data, name, event_id, ra_deg
):
    event = mapped.decode((survey_data / "other_surveys" / name).read_bytes()).event

    assert event.event_id == event_id
    assert event.event_id_long == (int(event_id) if event_id.isdecimal() else None)
    assert 0 <= event.ra_deg < 360
    assert -90 <= event.dec_deg <= 90
    assert ra_deg is None or event.ra_deg == pytest.approx(ra_deg)


@pytest.mark.parametrize("name", ["114310898", "114322796"])
def test_the_source_of_a_pgir_packet_is_in_the_middle(mapped, survey_data, name):
    """The two of four whose difference shows a single source."""
    sample = mapped.decode(
        (survey_data / "other_surveys" / "pgir" / f"{name}.avro").read_bytes()
    ).sample

    y, x = np.unravel_index(sample[2].argmax(), (21, 21))

    assert max(abs(y - 10), abs(x - 10)) <= 1


def test_the_mjd_of_atlas_is_the_middle_of_the_exposure_as_its_mapping_says(survey_data):
    data = (survey_data / "other_surveys/atlas/02a59543o0072o_000833.avro").read_bytes()
    record = next(fastavro.reader(io.BytesIO(data)))
    cards = fits_cards(record["cutoutScience"]["stampData"])
    middle_mjd = float(cards["MJD-OBS"]) + float(cards["EXPTIME"]) / 2 / 86_400

    assert record["candidate"]["mjd"] == pytest.approx(middle_mjd, abs=1e-6)


@pytest.mark.parametrize("way", ["container", "schemaless"])
def test_broker_classifications_are_readable_avro_without_images(mapped, survey_data, way):
    """What can be said of the files: an older version's answers, with no event to judge."""
    folder = survey_data / "other_surveys/elasticc_brokerClassification/LSSTDESC+tom_desc"
    whole = (folder / "brokerClassification_example.avro").read_bytes()
    if way == "schemaless":
        schema = json.loads(Header.read(whole).schema)
        data = (folder / "brokerClassification_schemaless_example.avro").read_bytes()
        with pytest.raises(ConfigurationError, match="brokerClassfication"):
            PacketReader(STREAMS["hits"].formats, SchemaStore(), wire="schemaless", schema=schema)
        record = fastavro.schemaless_reader(io.BytesIO(data), schema, None)
    else:
        with pytest.raises(DecodeError, match=r"lsst\.v4_1\.brokerClassfication"):
            mapped.decode(whole)
        record = next(fastavro.reader(io.BytesIO(whole)))

    assert {"classifierName", "classId", "probability"} == set(record["classifications"][0])
    assert "diaSourceId" not in record  # so it is no version 0.9.1
