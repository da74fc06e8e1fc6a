"""Any stream ready to judge: its own decoder and preprocessing, and a network that needs no weights."""

import itertools

import numpy as np

from models import NETWORKS
from pipeline.core import NetworkInfo, Origin, Record, now_us
from pipeline.decode import Decoder
from pipeline.encode import Encoder
from pipeline.infer import Classifier
from pipeline.received import ClassificationReader, ReceivedAlert
from pipeline.record_lane import RecordLane
from pipeline.schema_store import SchemaStore
from pipeline.simulation import SIMULATED
from pipeline.simulation.hits import write_schemas
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = ["MOST", "answers", "judged", "open_stream", "received", "record", "simulated"]

MOST = 64
"""Records that `answers` takes at once."""


class Skewness:
    """Scores an input by its third moment, which depends on nothing but that input."""

    name, precision, device = "skewness", "float64", "cpu"
    batch_sizes = (1, 8, MOST)

    def infer(self, inputs):
        moment = np.mean(np.float64(inputs.reshape(len(inputs), -1)) ** 3, axis=1)
        score = (1 + np.tanh(moment)) / 2
        return np.stack([1 - score, score], axis=1)


def open_stream(name, folder):
    """Return the lane of a stream.

    Parameters
    ----------
    folder
        An empty one, for the schemas of framed packets.
    """
    stream = STREAMS[name]
    network = NETWORKS[stream.network]
    info = NetworkInfo(
        name=network.name,
        version="2026.0.0",
        weights_sha256="0" * 64,
        runtime="skewness/float64",
        device="cpu",
        classes=network.classes,
        positive=network.positive,
        threshold=0.5,
        false_positive_rate=0.01,
    )
    store = SchemaStore(directory=write_schemas(folder))
    decoder = Decoder(stream, PacketReader(stream.formats, store))
    return RecordLane(stream, decoder, Classifier(network, Skewness(), info))


def simulated(name, count, seed=11):
    """Return simulated packets of a stream."""
    return list(itertools.islice(SIMULATED[name](seed), count))


def record(value, offset=0, **others):
    """Return a message as it comes from Kafka."""
    return Record(
        value, Origin("in", 3, offset), broker_us=now_us(), received_us=now_us(), **others
    )


def answers(lane, records):
    """Return what a lane answers to records, at most `MOST` of them."""
    prepared = lane.prepare(records)
    rows = len(prepared.inputs)
    inputs = np.zeros((MOST, *lane.classifier.network.input_shape), np.float32)
    inputs[:rows] = prepared.inputs
    return [answer for _, answer in lane.predict(prepared.items, inputs, rows).answers()]


def received(alerts):
    """Return alerts as a subscriber has them, from the bytes that are published."""
    reader, encoder = ClassificationReader(), Encoder("container")
    return [ReceivedAlert.from_record(reader.read(encoder.encode(alert))) for alert in alerts]


def judged(alert):
    """Return what a subscriber is to get of an alert, by the names that it has there."""
    candidate, event = alert.candidate, alert.candidate.event
    return {
        "alert_id": alert.alert_id,
        "stream": alert.stream,
        "survey": event.survey,
        "event_id": event.event_id,
        "event_id_long": event.event_id_long,
        "event_time": event.time,
        "ra_deg": event.ra_deg,
        "dec_deg": event.dec_deg,
        "detector": event.detector,
        "channel": event.channel,
        "flux": candidate.flux,
        "strain": candidate.strain,
        "classification": dict(zip(alert.network.classes, alert.probabilities, strict=True)),
        "score": alert.score,
        "status": alert.status,
        "quality": alert.quality,
        "times": alert.times,
        "source": alert.origin,
        "schema_id": candidate.schema_id,
    }
