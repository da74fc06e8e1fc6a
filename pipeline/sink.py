"""Results out: classifications, alerts and dead letters, each to its topic."""

from pipeline.core import Alert, Record
from pipeline.dead_letters import dead_letter_headers
from pipeline.encode import Encoder
from pipeline.errors import InvalidMessage
from pipeline.settings import OutputSettings
from pipeline.transactions import Transactions

__all__ = ["Sink"]

PROPAGATED = frozenset({"traceparent", "tracestate"})


class Sink:
    """Where the results of one worker go.

    Parameters
    ----------
    transactions
        What sends them, and makes them visible with the offsets.
    output
        Names of the topics.
    encoder
        Alerts to bytes.
    task
        Name of the worker, for the headers of dead letters.
    """

    def __init__(
        self, transactions: Transactions, output: OutputSettings, encoder: Encoder, *, task: str
    ) -> None:
        self.transactions = transactions
        self._output = output
        self._encoder = encoder
        self._task = task

    def publish(self, alert: Alert, record: Record) -> None:
        """Send a classification, and the same as an alert if it is one.

        An event in a running series is an alert alone: the records of the series are classified.

        Raises
        ------
        EncodeError
            If it does not fit the output's schema; nothing was sent.
        Aborted
            If the producer cannot go on.
        """
        value = self._encoder.encode(alert)
        key = alert.candidate.event.event_id.encode()
        headers: list[tuple[str, bytes | None]] = [
            ("stream", alert.stream.encode()),
            ("network", f"{alert.network.name}/{alert.network.version}".encode()),
        ]
        headers += [header for header in record.headers if header[0] in PROPAGATED]
        if alert.kind != "event":
            self.transactions.send(self._output.classifications, value, key, headers)
        if alert.is_alert:
            self.transactions.send(self._output.alerts, value, key, headers)

    def dead_letter(self, record: Record, error: InvalidMessage) -> None:
        """Set a message aside as it came, with the reason.

        Raises
        ------
        Aborted
            If the producer cannot go on.
        """
        headers = dead_letter_headers(record, error, task=self._task)
        self.transactions.send(self._output.dead_letters, record.value, record.key, headers)
