"""`deploy/skytriage.toml`: the example that is also the documentation of every setting."""

import os
import re
import tomllib
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from pipeline.kafka import consumer_config, producer_config
from pipeline.settings import (
    PREFIX,
    KafkaSettings,
    RunningSettings,
    Settings,
    StreamSettings,
    read_settings,
)
from tests.deployed import DEPLOY

EXAMPLE = DEPLOY / "skytriage.toml"
SETTING = re.compile(r"^#(?=[a-z_.]+ = )", re.MULTILINE)
"""A setting that is commented out has no space after its #, prose has one."""


def settings_of(model: type[BaseModel], path: tuple[str, ...]):
    """Yield path and field of every setting below a model."""
    for name, field in model.model_fields.items():
        if name == "streams":
            yield from settings_of(StreamSettings, (*path, name, "hits"))
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            if field.annotation is RunningSettings:  # of the one stream that runs
                yield from settings_of(field.annotation, ("streams", "strain", name))
            elif field.annotation is not KafkaSettings:
                yield from settings_of(field.annotation, (*path, name))
        else:
            yield (*path, name), field


EVERY_SETTING = dict(settings_of(Settings, ()))
DEFAULTS = {
    path: field.default
    for path, field in EVERY_SETTING.items()
    if field.default not in (None, PydanticUndefined)
}
WITHOUT_DEFAULT = [
    path
    for path, field in EVERY_SETTING.items()
    if field.default is None or field.default_factory is not None
]
UNIT = re.compile(r"_(ms|s)$")


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=".".join)


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch):
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def uncommented(tmp_path) -> Path:
    """The example with every setting in force."""
    copy = tmp_path / "uncommented.toml"
    copy.write_text(SETTING.sub("", EXAMPLE.read_text()))
    return copy


def stated(table, path):
    for key in path:
        table = table[key]
    return table


def comment_above(path: tuple[str, ...]) -> str:
    """Return the prose above a setting, in its own section."""
    *section, key = path
    text = EXAMPLE.read_text()
    start = text.index(f"[{'.'.join(section)}]\n") if section else 0
    above = text[start : re.search(rf"^#?{key} = ", text[start:], re.MULTILINE).start() + start]
    return " ".join(line.removeprefix("# ") for line in above.split("\n\n")[-1].splitlines())


def test_the_example_can_be_read_and_changes_no_default():
    example = read_settings(EXAMPLE)
    required = {"kafka", "streams"}
    bare = Settings(kafka={"bootstrap.servers": "a:9092"}, streams={"hits": {"topics": ["hits"]}})
    assert example.model_dump(exclude=required) == bare.model_dump(exclude=required)


def test_the_example_can_be_read_with_every_setting_in_force(uncommented):
    assert read_settings(uncommented).streams["hits"].schema_file is not None


@each(DEFAULTS)
def test_a_setting_is_in_the_example_with_its_default(path, uncommented):
    assert stated(tomllib.loads(uncommented.read_text()), path) == DEFAULTS[path]


@each(WITHOUT_DEFAULT)
def test_a_setting_without_a_default_is_in_the_example_and_says_so(path, uncommented):
    assert stated(tomllib.loads(uncommented.read_text()), path) is not None
    assert re.search(r"No (fixed )?default", comment_above(path))


@each(EVERY_SETTING)
def test_the_example_says_what_every_setting_is_for(path):
    assert len(comment_above(path)) > 10


@each([path for path in EVERY_SETTING if UNIT.search(path[-1])])
def test_the_unit_in_a_settings_name_is_in_its_comment(path):
    assert f"[{UNIT.search(path[-1])[1]}]" in comment_above(path)


def test_librdkafka_knows_the_options_of_the_example(uncommented, monkeypatch):
    monkeypatch.setenv(f"{PREFIX}KAFKA__SASL_PASSWORD", "a secret")
    settings = read_settings(uncommented)
    Consumer(consumer_config(settings, group="g")).close()
    Producer(producer_config(settings, transactional_id=None))


def test_the_environment_overrides_the_example_as_its_header_says(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}WORKERS__COUNT", "2")
    assert read_settings(EXAMPLE).workers.count == 2
