"""What all tests share: the broker, the real data, and a clean machine afterwards."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

# Before anything imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest
from hypothesis import settings

from tests.kafka_broker import KafkaBroker, KafkaUnavailable
from tests.kafka_clients import Broker, Topics, fresh_topics
from tests.left_behind import children_left_behind

ROOT = Path(__file__).parents[1]
ON_CI = os.environ.get("CI", "").lower() in {"1", "true"}

# A deadline would measure how busy the machine is.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True, print_blob=True)
settings.load_profile("ci" if ON_CI else "dev")

# The tests of these folders carry its name as a marker. The order is that of
# running: what is quick, and all the rest stands on, fails first.
SLOW_FOLDERS = ("broker", "fault", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder in SLOW_FOLDERS:
            if ROOT / "tests" / folder in item.path.parents:
                item.add_marker(folder)
        if {"broker", "own_broker"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("broker")
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """Give the place of a test's folder in the order of running."""
    return max(
        (n for n, name in enumerate(SLOW_FOLDERS, 1) if item.get_closest_marker(name)), default=0
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Show the end of the broker's log with every failure of a test that used it."""
    failed = call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)
    for value in getattr(item, "funcargs", {}).values():
        if failed and isinstance(value, KafkaBroker):
            item.add_report_section(call.when, f"broker log, from {value.log}", value.log_tail())
    return (yield)


def unavailable(reason: str) -> NoReturn:
    """Skip the test; on CI, where everything is installed, fail it."""
    (pytest.fail if ON_CI else pytest.skip)(reason)


@contextlib.contextmanager
def kafka(folder: Path) -> Iterator[KafkaBroker]:
    """Run a broker with its files in a folder, where one can be had."""
    try:
        broker = KafkaBroker(folder)
    except KafkaUnavailable as error:
        unavailable(f"no Kafka broker: {error}")
    with broker:
        yield broker


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One Apache Kafka for all tests, or the one that KAFKA_BOOTSTRAP_SERVERS names."""
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield Broker(bootstrap)
        return
    with kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[KafkaBroker]:
    """An Apache Kafka of the test's own, to stop, kill or pause."""
    with kafka(tmp_path) as broker:
        yield broker


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    """Topics that no other test has seen."""
    with fresh_topics(broker) as topics:
        yield topics


@pytest.fixture(scope="session")
def survey_data() -> Path:
    """Folder of real survey data: no part of the repository, so CI may go without it as well."""
    folder = Path(os.environ.get("SKYTRIAGE_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real survey data in {folder} (set SKYTRIAGE_DATA)")
    return folder


@pytest.fixture(autouse=True)
def no_process_left_behind() -> Iterator[None]:
    """Fail a test that leaves processes behind, and end them."""
    with children_left_behind() as left:
        yield
    if left:
        pytest.fail("the test left these processes behind:\n" + "\n".join(left))
