import numpy as np
import pytest

from pipeline.core import EventTime
from pipeline.errors import DecodeError, MissingInput
from pipeline.streams.hits.ztf import source_pixel
from tests.strategies import BIG_ID, container, gzipped_stamp, hits_decoder, record

NAMES = ("cutoutTemplate", "cutoutScience", "cutoutDifference")
STAMPS = np.random.default_rng(6).normal(100, 10, (3, 63, 63)).astype(np.float32)
OPTIONAL = ["null", "float"]
CANDIDATE = record(
    "candidate", jd="double", candid=["null", "long"], rcid="int", ra="double", dec="double",
    xpos=OPTIONAL, ypos=OPTIONAL,
)  # fmt: skip
CUTOUTS = {
    "cutoutScience": ["null", record("cutout", fileName="string", stampData="bytes")],
    "cutoutTemplate": ["null", "cutout"],
    "cutoutDifference": ["null", "cutout"],
}
SCHEMA = record(
    "alert", publisher="string", objectId="string", candid="long", candidate=CANDIDATE, **CUTOUTS
)


@pytest.fixture(scope="module")
def hits(tmp_path_factory):
    return hits_decoder(tmp_path_factory.mktemp("schemas"))


def packet(stamps=STAMPS, schema=SCHEMA, candidate=(), **changes):
    cutouts = (gzipped_stamp(stamp) for stamp in stamps)
    value = {
        "publisher": "ZTF (www.ztf.caltech.edu)",
        "objectId": "ZTF18abc",
        "candid": BIG_ID,
        "candidate": {
            "jd": 2458493.5,
            "candid": BIG_ID,
            "rcid": 7,
            "ra": 150.1,
            "dec": -2.2,
            "xpos": 1000.25,
            "ypos": 2000.75,
            **dict(candidate),
        },
        **{
            name: {"fileName": name, "stampData": data}
            for name, data in zip(NAMES, cutouts, strict=True)
        },
    }
    return container(schema, value | changes)


def test_the_middle_of_the_cutouts_is_the_sample(hits):
    candidate = hits.decode(packet())

    np.testing.assert_array_equal(candidate.sample[:3], STAMPS[:, 21:42, 21:42])
    assert np.isnan(candidate.sample[3]).all()
    assert candidate.quality == {}


def test_the_time_is_the_start_of_the_exposure(hits):
    event = hits.decode(packet()).event

    assert event.time == EventTime(2458493.5, "jd", "utc", "start of exposure")
    assert event.survey_us == 1547078400 * 1_000_000


def test_the_event_is_the_candid(hits):
    event = hits.decode(packet()).event

    assert (event.survey, event.event_id, event.event_id_long) == ("ztf", str(BIG_ID), BIG_ID)
    assert (event.ra_deg, event.dec_deg) == (150.1, -2.2)


def test_a_packet_that_spark_wrote_has_its_candid_in_the_candidate(hits):
    nullable = record(
        "topLevelRecord",
        objectId=["string", "null"],
        candidate=[CANDIDATE, "null"],
        **CUTOUTS,
    )

    assert hits.decode(packet(schema=nullable)).event.event_id_long == BIG_ID


SPARK = record(
    "topLevelRecord",
    objectId=["string", "null"],
    candid=["long", "null"],
    candidate=record(
        "candidate", jd=["double", "null"], candid=["long", "null"], rcid=["int", "null"]
    ),
    **CUTOUTS,
)


def test_a_packet_without_a_candid_is_missing_it(hits):
    with pytest.raises(MissingInput, match="no candid"):
        hits.decode(packet(schema=SPARK, candid=None, candidate={"candid": None}))


def test_a_packet_without_a_time_has_none(hits):
    candidate = hits.decode(packet(schema=SPARK, candidate={"jd": None}))

    assert candidate.event.time is None
    assert candidate.quality == {}


def test_the_negative_candid_of_a_simulated_alert_is_kept(hits):
    assert hits.decode(packet(candid=-5)).event.event_id == "-5"


def test_our_own_simulated_packets_say_so(hits):
    event = hits.decode(packet(publisher="simulated by skytriage")).event

    assert event.survey == "ztf-simulated"


def test_a_packet_like_ztfs_of_another_survey_is_named(hits):
    other = record("candidate", jd="double", candid="long", ra="double", dec="double")
    schema = record("alert", publisher="string", objectId="string", candidate=other, **CUTOUTS)

    with pytest.raises(DecodeError, match=r"not ZTF's \(publisher: pgirdps"):
        hits.decode(packet(schema=schema, publisher="pgirdps"))


@pytest.mark.parametrize("name", NAMES)
def test_a_cutout_that_is_null_is_missing(hits, name):
    with pytest.raises(MissingInput, match=f"event {BIG_ID} has no {name}"):
        hits.decode(packet(**{name: None}))


@pytest.mark.parametrize("name", NAMES)
def test_a_cutout_that_is_no_fits_is_named(hits, name):
    with pytest.raises(DecodeError, match="JPEG"):
        hits.decode(packet(**{name: {"fileName": "", "stampData": b"\xff\xd8\xff\xe0"}}))


def test_cutouts_of_different_shapes_are_named(hits):
    stamps = [STAMPS[0], STAMPS[1][:62], STAMPS[2]]

    with pytest.raises(DecodeError, match=r"science \(62, 63\)"):
        hits.decode(packet(stamps))


# Row and column of a source on the quadrant, and those of the cutout of 63 x 63 around it that are
# there. Real packets had cutouts below and right; these two are their positions.
EDGES = {
    "below": ((12.31, 2225.8), (slice(1, 44), slice(2195, 2258))),
    "above": ((3070.2, 1000.4), (slice(3039, 3081), slice(969, 1032))),
    "left": ((500.6, 3.2), (slice(470, 533), slice(1, 35))),
    "right": ((151.2, 3049.63), (slice(120, 183), slice(3019, 3073))),
    "corner": ((5.0, 3072.0), (slice(1, 37), slice(3041, 3073))),
}


@pytest.mark.parametrize("edge", EDGES)
def test_a_cutout_that_the_edge_of_the_quadrant_cut_keeps_its_source_in_the_middle(hits, edge):
    (ypos, xpos), (rows, columns) = EDGES[edge]
    y, x = np.mgrid[rows, columns]
    stamp = (y * 10_000 + x).astype(np.float32)

    candidate = hits.decode(packet([stamp] * 3, candidate={"ypos": ypos, "xpos": xpos}))

    assert candidate.sample[0, 10, 10] == round(ypos) * 10_000 + round(xpos)
    assert candidate.quality["nonSquare"] == 1


def test_pixels_beyond_the_edge_of_the_quadrant_are_padding(hits):
    stamp = np.ones((36, 63), np.float32)  # the source is on row 5 of the quadrant

    candidate = hits.decode(packet([stamp] * 3, candidate={"ypos": 5.0, "xpos": 1000.0}))

    np.testing.assert_array_equal(np.isnan(candidate.sample[0]).all(axis=1), np.arange(21) < 6)
    assert candidate.quality["paddedFraction"] == pytest.approx(6 / 21)


@pytest.mark.parametrize(
    "position",
    [(None, None), (float("nan"), 1000.0), (1000.0, 1000.0), (-40.0, 1000.0)],
    ids=["unknown", "nan", "elsewhere", "outside"],
)
def test_a_cut_cutout_whose_source_is_not_known_is_missing_it(hits, position):
    ypos, xpos = position

    with pytest.raises(MissingInput, match=r"43 x 63 pixels, and ypos .* do not say where"):
        hits.decode(packet(STAMPS[:, :43], candidate={"ypos": ypos, "xpos": xpos}))


@pytest.mark.parametrize(("ypos", "length"), [(12.5, 43), (12.5, 44)])
def test_a_source_between_two_pixels_may_belong_to_either(ypos, length):
    y, _ = source_pixel((length, 63), (ypos, 1000.0))

    assert y == length - 32
