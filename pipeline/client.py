"""Alerts for subscribers: an iterator over decoded, typed alerts.

::

    from pipeline.client import alerts

    with alerts("localhost:9092") as received:
        for alert in received:
            print(alert.event_id, alert.score, alert.classification)

Only alerts whose transaction was committed are seen.  Without a group each
subscriber sees all alerts from now on; with one the group shares them and goes
on where it stopped.
"""

from pathlib import Path
from typing import Any

from pipeline.received import JudgingNetwork, ReceivedAlert
from pipeline.settings import SchemaSettings
from pipeline.subscription import Alerts, open_alerts

__all__ = ["Alerts", "JudgingNetwork", "ReceivedAlert", "alerts"]


def alerts(
    bootstrap: str,
    topic: str = "skytriage.alerts",
    *,
    group: str | None = None,
    from_beginning: bool = False,
    timeout_s: float | None = None,
    schema_registry: str | None = None,
    schema_directory: Path | None = None,
    **kafka: Any,
) -> Alerts:
    """Subscribe to alerts.

    Parameters
    ----------
    bootstrap
        ``host:port`` of a broker, or several with commas between.
    topic
        ``skytriage.alerts``, or ``skytriage.classifications`` for those below
        the threshold as well.
    group
        Consumer group. An alert counts as read when the next one is asked for,
        so after a crash the last one comes again.
    from_beginning
        Begin with the oldest alert that the broker has; a group only the first
        time.
    timeout_s
        End the iteration when no alert has come for so long [s]; never if None.
    schema_registry, schema_directory
        Where schemas are, for a daemon that publishes with ``wire = "confluent"``.
    **kafka
        Options of librdkafka, ``security_protocol="SASL_SSL"`` for
        ``security.protocol``.

    Raises
    ------
    ConfigurationError
        If there is no such topic, or librdkafka does not know an option.
    TransientError
        If no broker answers.
    """
    options = {name.replace("_", "."): value for name, value in kafka.items()}
    return open_alerts(
        {"bootstrap.servers": bootstrap, **options},
        topic,
        SchemaSettings(registry=schema_registry, directory=schema_directory),
        group=group,
        from_beginning=from_beginning,
        timeout_s=timeout_s,
    )
