"""Our schemas, in every version that was ever released."""

import copy
import io
import re
from pathlib import Path

import fastavro
import pytest

import schemas

FOLDER = Path(schemas.__file__).parent
NAMES = sorted(path.name for path in FOLDER.iterdir() if (path / "1.0").is_dir())
RELEASES = [(name, version) for name in NAMES for version in schemas.versions(name)]

UNIT = re.compile(r"\[([^\]]+)\]")
NUMBERS = {"int", "long", "float", "double"}

WITHOUT_UNIT = re.compile(
    r"[iI]d$|[iI]dLong$|candid$|^offset$|^partition$|^batchSize$|^visit$|^detector$|^fid$|^pid$"
    r"|^nid$|^rcid$|^field$|^programid$"
)
"""Numbers that count or name something."""


def fields(schema, path=""):
    """Yield every field of a schema, those of the records inside too, with its path."""
    if isinstance(schema, list):
        for branch in schema:
            yield from fields(branch, path)
    elif isinstance(schema, dict):
        for inner in ("items", "values"):
            yield from fields(schema.get(inner), path)
        if isinstance(schema["type"], dict | list):
            yield from fields(schema["type"], path)
        for field in schema.get("fields", ()):
            yield f"{path}{field['name']}", field
            yield from fields(field["type"], f"{path}{field['name']}.")


def is_number(kind):
    if isinstance(kind, list):
        return any(is_number(branch) for branch in kind)
    if isinstance(kind, dict):
        return is_number(kind.get("values", kind.get("items", kind["type"])))
    return kind in NUMBERS


def unit(field):
    found = UNIT.search(field["doc"])
    return found and found[1]


EVERY_FIELD = [
    pytest.param(field, id=f"{name}-{version}-{path}")
    for name, version in RELEASES
    for path, field in fields(schemas.load(name, version))
]


def test_all_our_schemas_are_looked_at():
    assert {"classification", "hits_candidate", "simulated_lsst", "simulated_ztf"} <= set(NAMES)


@pytest.mark.parametrize("field", EVERY_FIELD)
def test_every_field_has_a_doc(field):
    assert field["doc"].endswith(".")


@pytest.mark.parametrize(
    "field",
    [
        param
        for param in EVERY_FIELD
        if is_number(param.values[0]["type"]) and not WITHOUT_UNIT.search(param.values[0]["name"])
    ],
)
def test_every_quantity_has_a_unit(field):
    assert unit(field)


@pytest.mark.parametrize(("name", "version"), RELEASES)
def test_an_error_has_the_unit_of_its_value(name, version):
    found = dict(fields(schemas.load(name, version)))
    for path, field in found.items():
        if path.endswith("Err"):
            assert unit(field) == unit(found[path.removesuffix("Err")])


@pytest.mark.parametrize(("name", "version"), RELEASES)
def test_the_folder_says_what_is_in_it(name, version):
    schema = schemas.load(name, version)

    assert schema["name"] == name
    assert schema["namespace"] == "skytriage"
    assert f"Version {version}." in schema["doc"]


def value_of(schema):
    """Return any value that a schema allows, not null where something else is allowed."""
    names = {}
    parsed = fastavro.parse_schema(copy.deepcopy(schema), names)

    def one(kind):  # noqa: PLR0911 - one for each kind of type
        if isinstance(kind, list):
            return one(next((branch for branch in kind if branch != "null"), "null"))
        if isinstance(kind, str):
            simple = {"null": None, "boolean": True, "bytes": b"x", "string": "x"}
            if kind in names:
                return one(names[kind])
            return simple.get(kind, 7)
        match kind["type"]:
            case "record":
                return {field["name"]: one(field["type"]) for field in kind["fields"]}
            case "array":
                return [one(kind["items"])]
            case "map":
                return {"x": one(kind["values"])}
        return one(kind["type"])

    return one(parsed)


def through(value, written, read):
    data = io.BytesIO()
    fastavro.schemaless_writer(data, copy.deepcopy(written), value)
    data.seek(0)
    return fastavro.schemaless_reader(data, copy.deepcopy(written), copy.deepcopy(read))


@pytest.mark.parametrize(("name", "version"), RELEASES)
def test_every_released_version_is_read_by_the_latest(name, version):
    old, new = schemas.load(name, version), schemas.load(name)
    value = value_of(old)

    found = through(value, old, new)

    assert without_more(found, value) == value


def without_more(found, value):
    """Return what was read without the fields that the writer did not know."""
    if not isinstance(value, dict):
        return found
    return {key: without_more(found[key], inner) for key, inner in value.items()}


def with_one_more_field(schema):
    more = {"name": "more", "type": ["null", "double"], "default": None, "doc": "More [s]."}
    return {**schema, "fields": [*schema["fields"], more]}


@pytest.mark.parametrize("name", NAMES)
def test_a_field_with_a_default_does_not_break_an_old_reader(name):
    old = schemas.load(name)
    new = with_one_more_field(old)

    assert through(value_of(new), new, old) == value_of(old)


@pytest.mark.parametrize("name", NAMES)
def test_a_field_with_a_default_is_filled_in_for_old_data(name):
    old = schemas.load(name)

    assert through(value_of(old), old, with_one_more_field(old)) == value_of(old) | {"more": None}
