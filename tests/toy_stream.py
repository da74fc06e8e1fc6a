"""A stream of numbers with a network of one line, to watch the loop without waiting for science."""

import contextlib
import threading
import time
from functools import partial

import numpy as np

from models.network import Network, Preprocessed
from pipeline.core import Candidate, Event, NetworkInfo
from pipeline.decode import Decoder
from pipeline.encode import Encoder
from pipeline.errors import DecodeError
from pipeline.infer import Classifier
from pipeline.kafka import make_consumer, make_producer
from pipeline.record_lane import RecordLane
from pipeline.recorder import Recorder
from pipeline.run import Loop
from pipeline.settings import OutputSettings
from pipeline.sink import Sink
from pipeline.stream import Stream
from pipeline.transactions import Transactions

__all__ = ["BOOM", "CRASH", "SLOW", "toy_lane", "toy_loop"]

BOOM = 666
"""The number that the network fails on."""

SLOW = 555
"""The number that the network takes a second for."""

CRASH = b"crash"
"""The message that the reader dies of."""

INFO = NetworkInfo(
    name="parity",
    version="1",
    weights_sha256="0",
    runtime="python/float32",
    device="cpu",
    classes=("even", "odd"),
    positive="odd",
    threshold=0.5,
    false_positive_rate=0.0,
)


class Parity:
    """Tells odd numbers from even ones."""

    name, precision, device = "python", "float32", "cpu"
    batch_sizes = (1, 8, 32)

    def infer(self, inputs):
        if (inputs[:, 0] == SLOW).any():
            time.sleep(1.0)
        if (inputs[:, 0] == BOOM).any():
            raise RuntimeError("boom")
        odd = inputs[:, 0] % 2
        return np.stack([1 - odd, odd], axis=1).astype(np.float32)


class NumberReader:
    """Tells records apart by their commas."""

    def split(self, data):
        return data.split(b",")


class NumberDecoder(Decoder):
    """Reads numbers as text."""

    def __init__(self):
        self._reader = NumberReader()

    def decode(self, data):
        if data == CRASH:
            raise RuntimeError("a bug in the reader")
        try:
            number = int(data)
        except ValueError as error:
            raise DecodeError(f"not a number: {data!r}") from error
        event = Event("toy", str(number), number)
        return Candidate(event, np.array([number], np.float32), {}, "toy 1")


def preprocess(samples):
    return Preprocessed(inputs=samples, quality={}, rejected={})


def build():
    raise AssertionError("nobody trains it")


def toy_lane():
    network = Network(
        name="parity",
        classes=INFO.classes,
        positive="odd",
        sample_shape=(1,),
        input_shape=(1,),
        preprocess=preprocess,
        build=build,
    )
    stream = Stream(name="toy", network="parity", formats=())
    return RecordLane(stream, NumberDecoder(), Classifier(network, Parity(), INFO))


@contextlib.contextmanager
def toy_loop(
    broker,
    topics,
    group,
    *,
    task="t.0",
    transactional=True,
    commit_interval_s=0.1,
    errors=None,
    lane=None,
    **consumer,
):
    """Run a loop in a thread; end it, drained, with the block.

    An error of the loop fails the test, unless it gave a list for errors. The stream is the
    toy's, unless it gave another lane.
    """
    options = {
        "bootstrap.servers": broker.bootstrap,
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 6000,
        "partition.assignment.strategy": "cooperative-sticky",
        **consumer,
    }
    if options.get("group.protocol") == "consumer":
        del options["session.timeout.ms"], options["partition.assignment.strategy"]
    client = make_consumer(options)
    producer = {"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "linger.ms": 0}
    if transactional:
        producer |= {"transactional.id": f"{group}.{task}", "transaction.timeout.ms": 15_000}
    output = OutputSettings(
        classifications=topics["out"], alerts=topics["alerts"], dead_letters=topics["dead"]
    )
    transactions = Transactions(partial(make_producer, producer), transactional=transactional)
    sink = Sink(transactions, output, Encoder("container"), task=task)
    recorder = Recorder()
    loop = Loop(
        {"toy": lane or toy_lane()},
        lambda topic: "toy",
        client,
        sink,
        recorder,
        max_batch=32,
        commit_interval_s=commit_interval_s,
        settle_timeout_s=10,
    )
    loop.recorder = recorder  # for the test to look at
    expected = errors is not None
    errors = errors if expected else []

    def target():
        try:
            loop.run([topics["in"]])
        except Exception as error:  # noqa: BLE001 - what it is, the test looks at
            errors.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        thread.join(30)
    assert not thread.is_alive(), "the loop does not end"
    assert expected or not errors, errors
