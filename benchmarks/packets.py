"""What the daemon is fed: simulated packets, or those of a folder that it can read."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from confluent_kafka import Producer

from pipeline.decode import Decoder
from pipeline.errors import ConfigurationError, InvalidMessage, TransientError
from pipeline.files import find_files, read_messages
from pipeline.publish import publisher_config
from pipeline.schema_store import SchemaStore
from pipeline.simulation.hits import Family, simulated_packets
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["STREAM", "Packets", "fill", "find_packets", "simulate_packets"]

STREAM = "hits"
DISTINCT = 512

TIMEOUT_S = 300
"""How long the broker keeps a topic hidden, and how long it may take to fill it [s]."""


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


def fill(bootstrap: str, topic: str, packets: Packets, messages: int, partitions: int) -> Producer:
    """Write packets to a topic in turn, the same number to each partition, and show them to nobody.

    Returns
    -------
    :
        Its transaction holds them: ``commit_transaction`` shows all of them at once, so that
        every worker is there when the flood begins.

    Raises
    ------
    TransientError
        If one was not delivered.
    """
    options = {"bootstrap.servers": bootstrap, "transactional.id": f"fill-{topic}"}
    # A broker that has just begun is not ready for transactions: librdkafka says so and waits.
    options |= {"transaction.timeout.ms": str(TIMEOUT_S * 1000), "log_level": "3"}
    producer = Producer(publisher_config(options))
    producer.init_transactions(TIMEOUT_S)
    producer.begin_transaction()
    values = itertools.islice(itertools.cycle(packets.values), messages)
    for number, value in enumerate(values):
        while True:
            try:
                producer.produce(topic, value, partition=number % partitions)
                break
            except BufferError:
                producer.poll(0.05)
    if producer.flush(TIMEOUT_S):
        raise TransientError("the topic could not be filled: the broker does not answer")
    return producer


def _decodes(decoder: Decoder, value: bytes) -> bool:
    try:
        decoder.decode(value)
    except InvalidMessage:
        return False
    return True
