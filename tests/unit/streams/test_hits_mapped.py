"""Packets that a mapping in the configuration declares."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline import lanes
from pipeline.core import EventTime
from pipeline.errors import ConfigurationError, DecodeError, InvalidMessage, MissingInput
from pipeline.lanes import open_lane
from pipeline.mapping import ImageMapping, PacketMapping, read_mappings
from pipeline.settings import SchemaSettings, StreamSettings, WorkerSettings
from pipeline.streams import STREAMS
from tests.mapped_packets import (
    MAPPINGS_FILE,
    PACKINGS,
    STAMPS,
    broken_at_the_source,
    decoder,
    mapping,
    packet,
    packet_for,
    shipped_mappings,
)
from tests.strategies import BIG_ID, GOOD_PACKETS, hits_decoder

PAGE = Path(__file__).parents[3] / "docs" / "mappings.md"


@pytest.fixture(scope="module")
def declared():
    return decoder(mapping())


@pytest.mark.parametrize("way", PACKINGS)
def test_the_middle_of_the_stamps_is_the_sample_however_they_are_packed(way):
    packing, pack = PACKINGS[way]
    candidate = decoder(mapping({"packing": packing})).decode(packet(pack=pack))

    np.testing.assert_array_equal(candidate.sample[:3], STAMPS[:, 5:26, 5:26])
    assert np.isnan(candidate.sample[3]).all()  # preprocessing derives it
    assert candidate.quality == {}


def test_the_event_is_what_the_mapping_says(declared):
    event = declared.decode(packet()).event

    assert event.survey == "simulated survey"
    assert (event.event_id, event.event_id_long) == (str(BIG_ID), BIG_ID)
    assert event.time == EventTime(61041.25, "mjd", "tai", "middle of visit")
    assert (event.ra_deg, event.dec_deg) == (150.1, -2.2)


def test_an_identifier_may_be_a_text(declared):
    event = decoder(mapping(event_id="objectId")).decode(packet()).event

    assert (event.event_id, event.event_id_long) == ("SIM26aaa", None)


def test_the_survey_is_called_as_the_mapping_unless_it_says_otherwise():
    assert decoder(mapping(survey=None)).decode(packet()).event.survey == "simulated"


def test_a_null_time_is_a_time_that_the_survey_does_not_know(declared):
    event = declared.decode(packet(candidate={"mjd": None})).event

    assert (event.time, event.survey_us) == (None, None)


def test_a_mapping_goes_before_the_packets_that_we_know(declared):
    """Whose fields these are is said by the record's name: the fields are those of ZTF."""
    assert declared.decode(packet()).event.survey == "simulated survey"


@pytest.mark.parametrize("family", ["native", "ztf"])
def test_a_mapping_takes_no_packets_but_its_own(declared, family, tmp_path):
    data = GOOD_PACKETS[family]

    assert declared.decode(data).event == hits_decoder(tmp_path).decode(data).event


def test_a_template_that_is_not_sent_is_science_minus_difference_and_said_to_be():
    candidate = decoder(mapping({"template": "science - difference"})).decode(packet())

    _, science, difference = STAMPS[:, 5:26, 5:26]
    np.testing.assert_array_equal(candidate.sample[0], science - difference)
    assert candidate.quality == {"derivedTemplate": 1.0}


def test_stamps_that_cannot_be_subtracted_are_refused():
    odd = decoder(mapping({"template": "science - difference", "side": None}))
    stamps = [STAMPS[0], STAMPS[1], STAMPS[2][:21, :21]]

    with pytest.raises(DecodeError, match=r"science \(31, 31\), difference \(21, 21\)"):
        odd.decode(packet(stamps))


def test_masked_pixels_are_missing():
    stamps = STAMPS.copy()
    stamps[2, 15, 15] = -31415
    candidate = decoder(mapping({"masked": -31415.0})).decode(packet(stamps))

    assert np.argwhere(np.isnan(candidate.sample[:3])).tolist() == [[2, 10, 10]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"event_id": "candide"}, "no field candide, which its mapping names"),
        ({"event_id": "candidate.id"}, "no field candidate.id"),
        ({"event_id": "stamps.science"}, "stamps.science is bytes, neither an integer nor a text"),
        ({"event_id": "label"}, "no label: None"),
        ({"position": {"ra_deg": "objectId", "dec_deg": "candidate.dec"}}, "objectId of event"),
        ({"images": {"science": "stamps"}}, "is a record; the mapping may name stamps."),
        ({"images": {"science": "cutoutScience"}}, f"event {BIG_ID} has no cutoutScience"),
        ({"images": {"science": "candid"}}, "candid of event .* is int, not bytes"),
        ({"images": {"packing": "npy"}}, "is a FITS file, no .npy file"),
        ({"images": {"side": 63}}, "31 x 31 pixels, not 63 x 63"),
    ],
)
def test_what_a_mapping_says_and_a_packet_does_not_hold_is_named(changes, words):
    with pytest.raises(InvalidMessage, match=words):
        decoder(mapping(**changes)).decode(packet())


def test_a_stamp_that_is_cut_off_is_refused_for_nobody_says_where_the_source_is():
    with pytest.raises(MissingInput, match="20 x 31 pixels, not 20 x 20"):
        decoder(mapping({"side": None})).decode(packet(STAMPS[:, :20]))


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros(961, np.float32), "along"),
        (np.zeros((31, 31), np.complex64), "complex64"),
        (np.zeros((1, 31, 31), np.float32), r"\(1, 31, 31\)"),
        (np.full((31, 31), "x"), "<U1"),
    ],
)
def test_an_array_that_is_no_image_is_refused(pixels, words):
    pack = PACKINGS["npy"][1]

    with pytest.raises(DecodeError, match=words):
        decoder(mapping({"packing": "npy"})).decode(packet(pack=lambda _: pack(pixels)))


def test_an_array_that_promises_more_than_there_is_is_refused():
    pack = PACKINGS["npy"][1]
    vast = pack(STAMPS[0]).replace(b"(31, 31), ", b"(99999, 99999), ")[: 128 + 961 * 4]

    with pytest.raises(DecodeError):
        decoder(mapping({"packing": "npy"})).decode(packet(pack=lambda _: vast))


@given(st.binary(max_size=300), st.sampled_from(["fits", "npy"]))
def test_whatever_a_stamp_is_there_is_a_candidate_or_a_reason(data, packing):
    one = decoder(mapping({"packing": packing}))

    with pytest.raises(InvalidMessage):
        one.decode(packet(pack=lambda _: data))


@pytest.mark.parametrize(
    "changes",
    [
        {"records": "x"},
        {"images": {"sciences": "x"}},
        {"event_id": "no path"},
        {"images": {"packing": "jpeg"}},
        {"images": {"side": 0}},
        {"images": {"masked": float("nan")}},
        {"time": {"field": "a", "format": "jd", "scale": "tai", "meaning": "start"}},
        {"time": {"field": "a", "format": "mjd", "scale": "utc"}},
        {"survey": ""},
    ],
)
def test_a_mapping_with_a_fault_is_refused(changes):
    with pytest.raises(ValidationError):
        mapping(**changes)


def test_two_mappings_of_one_record_are_refused():
    both = {"one": mapping(), "other": mapping()}

    with pytest.raises(ValidationError, match=r"'simulated.alert' belongs to both one and other"):
        StreamSettings(topics=["t"], mappings=both)


class TestFiles:
    """A file with mappings: the daemon's configuration, or one that has nothing else."""

    def test_a_fault_is_told_with_its_whole_key(self, tmp_path):
        path = tmp_path / "m.toml"
        path.write_text(MAPPINGS_FILE.read_text().replace("science = ", "sciences = ", 1))

        with pytest.raises(ConfigurationError) as error:
            read_mappings(path, "hits")

        assert "streams.hits.mappings.pgir.images.sciences: there is no such setting" in str(
            error.value
        )
        assert "streams.hits.mappings.pgir.images.science: Field required" in str(error.value)

    @pytest.mark.parametrize(
        "text", ["", "[streams.maxi]", "streams = 1", "[streams.hits.mappings]"]
    )
    def test_a_file_without_mappings_says_what_it_lacks(self, tmp_path, text):
        path = tmp_path / "m.toml"
        path.write_text(text)

        with pytest.raises(ConfigurationError, match=r"no section \[streams.hits.mappings.NAME\]"):
            read_mappings(path, "hits")

    def test_the_rest_of_a_configuration_does_not_matter(self, tmp_path):
        path = tmp_path / "m.toml"
        path.write_text('[kafka]\nx = "y"\n' + MAPPINGS_FILE.read_text())

        assert read_mappings(path, "hits") == shipped_mappings()

    def test_four_surveys_come_with_us(self):
        assert list(shipped_mappings()) == ["pgir", "winter", "atlas", "decam"]


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_packet_with_the_fields_that_a_shipped_mapping_names_is_read(name):
    one = shipped_mappings()[name]
    side = one.images.side
    stamps = np.random.default_rng(3).normal(50, 5, (3, side, side)).astype(np.float32)
    data = packet_for(one, stamps)
    candidate = decoder(one.model_copy(update={"survey": f"simulated {name}"})).decode(data)

    middle = slice(side // 2 - 10, side // 2 + 11)
    np.testing.assert_array_equal(candidate.sample[1:3], stamps[:2, middle, middle])
    assert candidate.event.survey == f"simulated {name}"
    assert (candidate.event.ra_deg, candidate.event.dec_deg) == (11.0, -12.0)
    assert candidate.event.survey_us is not None


def test_a_schema_that_is_broken_at_its_source_is_a_reason_that_names_the_fault(declared):
    with pytest.raises(DecodeError) as error:
        declared.decode(broken_at_the_source())

    assert str(error.value) == (
        "the Avro schema simulated.turbo 0.1 is not valid, field candidate.fid: "
        "Default value <None> must match schema type: int"
    )


class TestLane:
    """The stream as it is opened, by the daemon and for files."""

    def test_a_lane_reads_the_packets_that_its_settings_declare(self):
        settings = StreamSettings(topics=["t"], mappings={"simulated": mapping()})
        opened = open_lane(
            "hits", settings, SchemaSettings(), WorkerSettings(max_batch=1), threads=1
        )

        assert opened.decoder.decode(packet()).event.survey == "simulated survey"

    def test_a_stream_that_takes_no_mappings_says_so(self, monkeypatch):
        closed = replace(STREAMS["hits"], map_packets=None)
        monkeypatch.setattr(lanes, "STREAMS", {"hits": closed})
        settings = StreamSettings(topics=["t"], mappings={"simulated": mapping()})

        with pytest.raises(ConfigurationError, match="stream hits takes no mappings: simulated"):
            open_lane("hits", settings, SchemaSettings(), WorkerSettings(), threads=1)

    def test_a_mapping_cannot_take_the_name_of_packets_that_we_know(self):
        settings = StreamSettings(topics=["t"], mappings={"ztf": mapping()})

        with pytest.raises(ConfigurationError, match="packets called ztf already"):
            open_lane("hits", settings, SchemaSettings(), WorkerSettings(), threads=1)


def test_the_page_on_mappings_shows_the_one_that_comes_with_us(tmp_path):
    (block,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    path = tmp_path / "m.toml"
    path.write_text(block)

    assert read_mappings(path, "hits") == {"pgir": shipped_mappings()["pgir"]}


def test_the_page_on_mappings_explains_every_key():
    text = PAGE.read_text()
    keys = [*PacketMapping.model_fields, *ImageMapping.model_fields]

    assert [key for key in keys if f"`{key}`" not in text and f"\n{key} = " not in text] == []
