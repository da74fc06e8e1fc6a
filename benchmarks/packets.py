"""What the daemon is fed: simulated packets, or those of a folder that it can read."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from confluent_kafka import KafkaError, Message, Producer

from pipeline.decode import Decoder
from pipeline.errors import ConfigurationError, InvalidMessage, TransientError
from pipeline.files import find_files, read_messages
from pipeline.publish import publisher_config
from pipeline.schema_store import SchemaStore
from pipeline.simulate import Family, simulated_packets
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["STREAM", "Packets", "fill", "find_packets", "simulate_packets"]

STREAM = "hits"
DISTINCT = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """Distinct packets, which are repeated."""

    name: str
    values: Sequence[bytes]

    @property
    def mean_bytes(self) -> float:
        """Mean size of a packet [byte]."""
        return sum(map(len, self.values)) / len(self.values)


def simulate_packets(family: str, count: int) -> Packets:
    """Simulate packets of a family: native, ztf, lsst or mixed."""
    if family not in get_args(Family):
        raise ConfigurationError(f"the family is {', '.join(get_args(Family))}, not {family}")
    made = simulated_packets(1, family=family)  # type: ignore[arg-type]  # we have looked
    values = [packet.data for packet in itertools.islice(made, min(count, DISTINCT))]
    return Packets(name=f"simulated {family}", values=values)


def find_packets(path: Path, schemas: Path | None) -> Packets:
    """Return the packets of a folder that decode; damaged ones are passed over.

    Parameters
    ----------
    schemas
        Where the schemas of Confluent-framed packets are.
    """
    stream = STREAMS[STREAM]
    decoder = Decoder(stream, PacketReader(stream.formats, SchemaStore(directory=schemas)))
    messages = [m.value for file in find_files([path]).files for m in read_messages(file)]
    values = [value for value in messages if _decodes(decoder, value)]
    if not values:
        raise ConfigurationError(f"none of the {len(messages)} messages in {path} is a packet")
    name = f"{len(values)} of the {len(messages)} packets in {path.name}: those that can be read"
    return Packets(name=name, values=values)


def fill(bootstrap: str, topic: str, packets: Packets, messages: int, partitions: int) -> None:
    """Write packets to a topic in turn, the same number to each partition.

    Raises
    ------
    TransientError
        If one was not delivered.
    """
    failed: list[str] = []

    def report(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(error.str())

    # A broker that has just begun is not ready for idempotence: librdkafka says so and waits.
    producer = Producer(publisher_config({"bootstrap.servers": bootstrap, "log_level": 3}))
    values = itertools.islice(itertools.cycle(packets.values), messages)
    for number, value in enumerate(values):
        while True:
            try:
                producer.produce(topic, value, partition=number % partitions, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.05)
        producer.poll(0)
    if producer.flush(120) or failed:
        raise TransientError(f"the topic could not be filled: {failed[:1] or 'no answer'}")


def _decodes(decoder: Decoder, value: bytes) -> bool:
    try:
        decoder.decode(value)
    except InvalidMessage:
        return False
    return True
