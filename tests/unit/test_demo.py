import itertools

import numpy as np
import pytest

from models import NETWORKS
from pipeline.decode import Decoder
from pipeline.demo.breakage import BREAKAGES
from pipeline.demo.choice import LETTERS, one_of_each
from pipeline.demo.daemon import TOPIC, write_config
from pipeline.demo.session import forget_environment
from pipeline.demo.traffic import EVERY, simulate_traffic
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.schema_store import SchemaStore
from pipeline.settings import read_settings
from pipeline.simulation.hits import simulated_packets, write_schemas
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader
from tests.report_values import letter


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """What the daemon does to a message before the network sees it."""
    store = SchemaStore(directory=write_schemas(tmp_path_factory.mktemp("schemas")))
    stream = STREAMS["hits"]
    decoder = Decoder(stream, PacketReader(stream.formats, store))

    def judge(data):
        sample = decoder.decode(data).sample
        for reason in NETWORKS["deep_hits"].preprocess(sample[np.newaxis]).rejected.values():
            raise UnusableSample(reason)

    return judge


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: f"{one.family}, {one.name}")
def test_what_is_broken_on_purpose_cannot_be_classified(judge, breakage):
    packet = next(simulated_packets(1, family=breakage.family))
    judge(packet.data)

    with pytest.raises(InvalidMessage):
        judge(breakage.broken(packet.data))


def test_one_packet_in_so_many_is_broken():
    traffic = simulate_traffic(6 * EVERY, seed=1)

    assert sum(packet.broken is not None for packet in traffic) == 6


def test_what_is_not_broken_is_as_it_was_simulated():
    traffic = simulate_traffic(EVERY, seed=1)
    simulated = itertools.islice(simulated_packets(1), EVERY)

    same = [ours.value == theirs.data for ours, theirs in zip(traffic, simulated, strict=True)]

    assert same == [packet.broken is None for packet in traffic]


def test_simulating_ends_when_it_is_told_to():
    made = []

    traffic = simulate_traffic(1000, seed=1, stop=lambda: len(made) == 3, progress=made.append)

    assert len(traffic) == 3


def test_the_configuration_that_is_written_can_be_read(tmp_path):
    settings = read_settings(write_config(tmp_path / "ü \"quoted'", "127.0.0.1:9"))

    assert settings.kafka.common["bootstrap.servers"] == "127.0.0.1:9"
    assert settings.streams["hits"].topics == [TOPIC]
    assert settings.schemas.directory.is_dir()


def test_the_broker_of_the_environment_is_never_the_one_of_the_demo(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYTRIAGE__KAFKA__BOOTSTRAP_SERVERS", "survey.example:9092")
    config = write_config(tmp_path, "127.0.0.1:9")

    forget_environment()

    assert read_settings(config).kafka.common["bootstrap.servers"] == "127.0.0.1:9"


def test_a_letter_that_nobody_broke_is_shown_before_the_others():
    letters = [letter(k, broken=f"way {k}") for k in range(2 * LETTERS)]
    strange = letter(99, broken=None)

    assert one_of_each([*letters, strange])[0] == strange


def test_of_letters_broken_alike_one_is_shown():
    assert len(one_of_each([letter(1), letter(2), letter(3, broken="otherwise")])) == 2
