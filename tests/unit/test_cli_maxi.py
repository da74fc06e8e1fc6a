"""``classify``, ``publish`` and ``simulate`` of one-orbit images."""

import csv
from pathlib import Path

import pytest
import typer

from models import maxi_flare
from pipeline.classify import classify_files, classify_messages
from pipeline.commands.field import field_messages
from pipeline.errors import ConfigurationError
from pipeline.simulation.maxi_events import DEC_DEG, RA_DEG
from tests.command_line import skytriage
from tests.stream_lanes import open_stream

NOWHERE = {"ra": None, "dec": None, "radius": None, "exposure": None}
HERE = NOWHERE | {"ra": RA_DEG, "dec": DEC_DEG}


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """A folder with a simulated list of events of five transits."""
    folder = tmp_path_factory.mktemp("night") / "events"
    made = skytriage("simulate", "maxi", "--events", "--count", 5, "--seed", 3, "--out", folder)
    assert made.code == 0, made.err
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder with twenty simulated images."""
    folder = tmp_path_factory.mktemp("night") / "images"
    made = skytriage("simulate", "maxi", "--count", 20, "--seed", 3, "--out", folder)
    assert made.code == 0, made.err
    return folder


@pytest.fixture(scope="module")
def lane(tmp_path_factory):
    """The stream with a network that needs no weights."""
    return open_stream("maxi", tmp_path_factory.mktemp("schemas"))


def labels(folder):
    with (folder / "labels.csv").open() as file:
        return list(csv.DictReader(file))


def test_simulated_images_are_judged_and_the_table_knows_them(lane, images):
    judged = list(classify_files(lane, sorted(images.glob("*.avro"))))

    assert [one.record["eventId"] for one in judged] == [row["eventId"] for row in labels(images)]
    assert {one.record["survey"] for one in judged} == {"simulated maxi"}


def test_counts_have_a_flux_and_pictures_none(lane, images):
    judged = classify_files(lane, sorted(images.glob("*.avro")))

    assert [one.record["flux"] is not None for one in judged] == [True, True, False, False] * 5


def test_the_table_says_what_each_image_shows(images):
    rows = labels(images)

    assert {row["label"] for row in rows} == {"0", "1"}
    assert all(row["kind"].startswith(("empty sky", "flare")[int(row["label"])]) for row in rows)
    assert all((float(row["snr"]) == 0) or row["label"] == "1" for row in rows)


def test_the_transits_of_a_list_of_events_are_judged(lane, events):
    messages = field_messages("maxi", [events / "simulated_gsc_low.evt.gz"], **HERE)

    judged = list(classify_messages(lane, messages))

    assert [one.index for one in judged] == [int(row["index"]) for row in labels(events)]
    assert {one.record["raDeg"] for one in judged} == {RA_DEG}


def test_simulate_says_where_the_field_is(tmp_path):
    said = skytriage("simulate", "maxi", "--events", "--count", 1, "--out", tmp_path / "x").err

    assert f"--ra {RA_DEG:g} --dec {DEC_DEG:g}" in said


def test_a_folder_that_holds_something_is_left_alone(events):
    again = skytriage("simulate", "maxi", "--events", "--count", 1, "--out", events)

    assert again.code == 1
    assert "not empty" in again.err


def test_without_a_position_files_are_read_one_by_one():
    assert field_messages("maxi", [Path("x.evt")], **NOWHERE) is None


def test_a_list_of_events_without_a_position_is_refused(lane, events):
    with pytest.raises(ConfigurationError, match="is a list of events: say with --ra and --dec"):
        list(classify_files(lane, [events / "simulated_gsc_low.evt.gz"]))


def test_a_position_for_images_is_refused(images):
    files = sorted(images.glob("*.avro"))

    with pytest.raises(ConfigurationError, match="--ra and --dec are for lists of events, and"):
        list(field_messages("maxi", files, **HERE))


def test_a_list_that_is_gone_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot read .*gone\.evt: No such file"):
        list(field_messages("maxi", [tmp_path / "gone.evt"], **HERE))


@pytest.mark.parametrize("name", ["ra", "dec", "radius", "exposure"])
def test_half_a_position_is_asked_for(name):
    with pytest.raises(typer.BadParameter, match="--ra and --dec"):
        field_messages("maxi", [], **NOWHERE | {name: 1.0})


@pytest.mark.parametrize("command", ["publish", "classify"])
def test_a_position_for_another_stream_is_a_wrong_question(command, images):
    where = ("--bootstrap", "127.0.0.1:1") if command == "publish" else ()
    asked = skytriage(command, "hits", images, "--ra", 1, "--dec", 2, *where)

    assert asked.code == 2
    assert "not for hits" in asked.err


@pytest.mark.parametrize("command", ["publish", "classify"])
def test_a_position_that_cannot_be_is_named(command, images):
    where = ("--bootstrap", "127.0.0.1:1") if command == "publish" else ()
    asked = skytriage(command, "maxi", images, "--ra", 1, "--dec", 91, *where)

    assert asked.code == 1
    assert "--dec is 91 deg, and should be from -90 to 90" in asked.err


@pytest.mark.slow
def test_the_real_image_is_a_flare(survey_data):
    """X Per, to which the original network gave 0.998."""
    path = survey_data / "maxi" / "103_57774.432245-57774.435081.jpg"
    if not path.is_file():
        pytest.skip(f"no real one-orbit image at {path}")
    if not (Path(maxi_flare.__file__).parent / "weights" / "manifest.json").is_file():
        pytest.skip("maxi_flare has no weights yet")

    line = skytriage("classify", "maxi", path, "--json").json

    assert line["status"] == "ok"
    assert line["eventTime"]["value"] == 57774.432245
    assert line["classification"]["flare"] >= 0.9
