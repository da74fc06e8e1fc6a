"""Answers as DESC's ELAsTiCC challenge takes them: ``brokerClassification`` 0.9.1.

Its consumer knows a classifier by broker name, broker version, classifier name
(with its version, as the schema asks for) and parameters, and its
de-duplication rests on them: they say nothing of the machine, so they are the
same wherever a network runs.  A message that it cannot read makes it reconnect,
so what does not fit is refused here.

``classId`` is the index in the network's list of classes.  DESC's taxonomy
numbers kinds of variable objects, and none of our classes is one of them.
"""

import io
from typing import Any

import fastavro

import schemas
from pipeline import __version__
from pipeline.core import Alert
from pipeline.errors import EncodeError

__all__ = ["as_elasticc", "to_elasticc"]

SCHEMA = fastavro.parse_schema(schemas.load("elasticc", "0.9.1"))


def as_elasticc(alert: Alert) -> dict[str, Any]:
    """Return an alert as the schema ``elasticc`` describes it.

    Raises
    ------
    EncodeError
        If the survey gave the event no 64-bit id.
    """
    event, network, times = alert.candidate.event, alert.network, alert.times
    if event.event_id_long is None:
        raise EncodeError(
            f"ELAsTiCC needs a 64-bit id, and {event.survey} event {event.event_id!r} has none"
        )
    published_us = times.received_us if times.broker_us is None else times.broker_us
    return {
        "alertId": event.event_id_long,
        "diaSourceId": event.event_id_long,
        "elasticcPublishTimestamp": published_us // 1000,
        "brokerIngestTimestamp": times.received_us // 1000,
        "brokerName": "skytriage",
        "brokerVersion": __version__,
        "classifierName": f"{network.name} {network.version}",
        "classifierParams": f"weights {network.weights_sha256[:16]}",
        "classifications": [
            {"classId": index, "probability": float(probability)}
            for index, probability in enumerate(alert.probabilities)
        ],
    }


def to_elasticc(alert: Alert) -> bytes:
    """Return the Avro binary encoding of `as_elasticc`, without any schema."""
    data = io.BytesIO()
    fastavro.schemaless_writer(data, SCHEMA, as_elasticc(alert))
    return data.getvalue()
