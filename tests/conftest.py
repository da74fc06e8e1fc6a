"""What all tests share: the broker, the real data, and a clean machine afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

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

# A folder's tests carry its marker, and the quick ones fail first.
MARKED_FOLDERS = ("broker", "fault", "e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for folder in MARKED_FOLDERS:
            if ROOT / "tests" / folder in item.path.parents:
                item.add_marker(folder)
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("broker")
    items.sort(
        key=lambda item: max(
            (i + 1 for i, m in enumerate(MARKED_FOLDERS) if item.get_closest_marker(m)),
            default=0,
        )
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Show the end of the broker's log with every failure of a test that used it."""
    failed = call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)
    for value in getattr(item, "funcargs", {}).values():
        if failed and isinstance(value, KafkaBroker):
            item.add_report_section(call.when, f"broker log, from {value.log}", value.log_tail())
    return (yield)


def unavailable(reason: str):
    """Skip the test; on CI, where everything is installed, fail it."""
    (pytest.fail if ON_CI else pytest.skip)(reason)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One Apache Kafka for all tests, or the one that KAFKA_BOOTSTRAP_SERVERS names."""
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield Broker(bootstrap)
        return
    try:
        kafka = KafkaBroker(tmp_path_factory.mktemp("kafka"))
    except KafkaUnavailable as error:
        unavailable(f"no Kafka broker: {error}")
    with kafka:
        yield kafka


@pytest.fixture
def topics(broker: Broker) -> Iterator[Topics]:
    """Topics that no other test has seen."""
    with fresh_topics(broker) as topics:
        yield topics


@pytest.fixture(scope="session")
def survey_data() -> Path:
    """Folder of real survey data, which is not part of the repository."""
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
