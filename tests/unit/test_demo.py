import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import NETWORKS
from pipeline.core import Origin, Record
from pipeline.decode import Decoder
from pipeline.demo.breakage import BREAKAGES
from pipeline.demo.choice import LETTERS, one_of_each
from pipeline.demo.daemon import write_config
from pipeline.demo.lineup import PARTS, left_out, taking_part
from pipeline.demo.session import forget_environment
from pipeline.demo.traffic import count_messages, simulate_traffic
from pipeline.errors import InvalidMessage, UnusableSample
from pipeline.schema_store import SchemaStore
from pipeline.settings import read_settings
from pipeline.simulation import SIMULATED
from pipeline.simulation.hits import write_schemas
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader
from tests.report_values import letter

PART = {part.stream: part for part in PARTS}
FAMILIES = [
    pytest.param(stream, breakage, id=f"{breakage.family}, {breakage.name}")
    for stream, breakages in BREAKAGES.items()
    for breakage in breakages
]


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """What the daemon does to the records of a message before the network sees them."""
    store = SchemaStore(directory=write_schemas(tmp_path_factory.mktemp("schemas")))

    def judge(stream, data):
        stream = STREAMS[stream]
        decoder = Decoder(stream, PacketReader(stream.formats, store))
        network = NETWORKS[stream.network]
        failures = []
        for record in decoder.split(Record(data, Origin("", 0, 0))):
            try:
                sample = decoder.decode(record.value).sample
                for reason in network.preprocess(sample[np.newaxis]).rejected.values():
                    raise UnusableSample(reason)
            except InvalidMessage as error:
                failures.append(error)
            else:
                failures.append(None)
        return failures

    return judge


def simulated(part, family):
    """The first message that is of a family and is not broken."""
    found = simulate_traffic([part], {part.stream: part.every // 2}, seed=1)[part.stream]
    return next(packet for packet in found if packet.family == family)


def messages_of(stream, count):
    part = PART[stream]
    return simulate_traffic([part], {stream: count}, seed=1)[stream]


def test_every_stream_has_its_part():
    assert [part.stream for part in PARTS] == list(STREAMS) == list(BREAKAGES)


@pytest.mark.parametrize(("stream", "breakage"), FAMILIES)
def test_what_is_broken_on_purpose_is_one_dead_letter(judge, stream, breakage):
    packet = simulated(PART[stream], breakage.family)

    failures = judge(stream, breakage.broken(packet.value))

    assert sum(failure is not None for failure in failures) == 1
    assert len(failures) == (1 if breakage.is_whole else len(packet.truths))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_message_owes_as_many_results_as_the_daemon_will_give(judge, stream):
    traffic = messages_of(stream, PART[stream].every)

    owed = [packet.results for packet in traffic]

    assert owed == [len(judge(stream, packet.value)) for packet in traffic]


@pytest.mark.parametrize("stream", STREAMS)
def test_one_message_in_so_many_is_broken(stream):
    every = PART[stream].every

    traffic = messages_of(stream, 3 * every)

    assert sum(packet.broken is not None for packet in traffic) == 3


def test_pulses_come_several_to_a_message():
    (packet,) = messages_of("xgamma", 1)

    assert len(packet.truths) == PART["xgamma"].records > 1


def test_the_records_beside_a_broken_one_keep_their_truth():
    traffic = messages_of("xgamma", PART["xgamma"].every)

    (broken,) = [packet for packet in traffic if packet.broken]

    assert len(broken.truths) == PART["xgamma"].records - 1


def test_what_is_not_broken_is_as_it_was_simulated():
    traffic = messages_of("hits", 50)
    originals = itertools.islice(SIMULATED["hits"](1), 50)

    same = [ours.value == theirs.data for ours, theirs in zip(traffic, originals, strict=True)]

    assert same == [packet.broken is None for packet in traffic]


def test_simulating_ends_when_it_is_told_to():
    made = []

    traffic = simulate_traffic(
        PARTS,
        {part.stream: 1000 for part in PARTS},
        seed=1,
        stop=lambda: len(made) == 3,
        progress=made.append,
    )

    assert sum(map(len, traffic.values())) == 3


@given(st.floats(1, 100), st.floats(1, 1000), st.sets(st.sampled_from(PARTS), min_size=1))
def test_streams_together_send_the_records_that_were_asked_for(seconds, rate_hz, some):
    parts = [part for part in PARTS if part in some]

    counts = count_messages(parts, seconds, rate_hz)

    records = sum(part.records * counts[part.stream] for part in parts)
    rounded = sum(part.records for part in parts)
    assert abs(records - seconds * rate_hz) <= rounded
    assert min(counts.values()) >= 1


def test_a_stream_whose_network_has_no_weights_is_left_out_with_the_reason(tmp_path):
    for network in ("deep_hits", "xgamma_pulse"):
        (tmp_path / network / "weights").mkdir(parents=True)
        (tmp_path / network / "weights" / "manifest.json").touch()

    without = left_out(tmp_path)

    assert without == {
        "maxi": "the network maxi_flare has no weights yet",
        "strain": "the network strain_resnet has no weights yet",
    }
    assert [part.stream for part in taking_part(without)] == ["hits", "xgamma"]


def test_strain_is_left_out_without_a_background(tmp_path):
    weights = tmp_path / "strain_resnet" / "weights"
    weights.mkdir(parents=True)
    (weights / "manifest.json").touch()

    assert "no measured background" in left_out(tmp_path)["strain"]


def test_the_configuration_that_is_written_can_be_read(tmp_path):
    config = write_config(tmp_path / "ü \"quoted'", "127.0.0.1:9", ["hits", "maxi"])

    settings = read_settings(config)

    assert settings.kafka.common["bootstrap.servers"] == "127.0.0.1:9"
    assert {name: one.topics for name, one in settings.streams.items()} == {
        "hits": ["hits"],
        "maxi": ["maxi"],
    }
    assert settings.schemas.directory.is_dir()


def test_the_broker_of_the_environment_is_never_the_one_of_the_demo(tmp_path, monkeypatch):
    monkeypatch.setenv("SKYTRIAGE__KAFKA__BOOTSTRAP_SERVERS", "survey.example:9092")
    config = write_config(tmp_path, "127.0.0.1:9", ["hits"])

    forget_environment()

    assert read_settings(config).kafka.common["bootstrap.servers"] == "127.0.0.1:9"


def test_a_letter_that_nobody_broke_is_shown_before_the_others():
    letters = [letter(k, broken=f"way {k}") for k in range(2 * LETTERS)]
    strange = letter(99, broken=None)

    assert one_of_each([*letters, strange])[0] == strange


def test_of_letters_broken_alike_one_is_shown():
    assert len(one_of_each([letter(1), letter(2), letter(3, broken="otherwise")])) == 2
