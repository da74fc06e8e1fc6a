"""The consumer that one would write first: a message, ``model.predict``, a message.

It decodes and preprocesses as the daemon does and publishes the probabilities
at least once, but it knows no batches, no threads, no transactions and no
records: it is what `throughput` compares the daemon with.  A process of its
own, for TensorFlow.
"""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import numpy as np
from confluent_kafka import Consumer, Producer

from benchmarks.bare import NETWORK
from benchmarks.packets import STREAM
from models import NETWORKS, artifact
from pipeline.decode import Decoder
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["WARM", "main"]

WARM = 20
"""Messages before the clock starts."""

TURNS = 5
"""Pieces of which the median is taken."""


def main(bootstrap: str, topic: str, output: str, messages: int, schemas: Path) -> float:
    """Consume so many messages, and return how many a second it did."""
    network = NETWORKS[NETWORK]
    model = network.build()
    model.load_weights(artifact.load(NETWORK).weights)
    stream = STREAMS[STREAM]
    decoder = Decoder(stream, PacketReader(stream.formats, SchemaStore(directory=schemas)))
    group: dict[str, Any] = {
        "group.id": f"plain-{uuid4().hex[:8]}",
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer({"bootstrap.servers": bootstrap, **group})
    producer = Producer({"bootstrap.servers": bootstrap})
    consumer.subscribe([topic])
    times_s: list[float] = []
    while len(times_s) <= messages + WARM:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        candidate = decoder.decode(message.value() or b"")
        inputs = network.preprocess(candidate.sample[np.newaxis].astype(np.float32)).inputs
        probabilities = model.predict(inputs, verbose=0)[0]
        answer = {"eventId": candidate.event.event_id, "probabilities": probabilities.tolist()}
        producer.produce(output, json.dumps(answer))
        producer.poll(0)
        times_s.append(time.perf_counter())
    producer.flush(30)
    consumer.close()
    ends: list[int] = np.linspace(WARM, len(times_s) - 1, TURNS + 1).astype(int).tolist()
    return median((end - begin) / (times_s[end] - times_s[begin]) for begin, end in pairwise(ends))


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    print(json.dumps(main(**arguments | {"schemas": Path(arguments["schemas"])})))
