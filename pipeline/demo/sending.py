"""One stream's messages on their way to its topic."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from pipeline.demo.traffic import Packet, messages
from pipeline.files import FileMessage
from pipeline.kafka import ClientConfig, make_producer
from pipeline.publish import Delivery, publish

__all__ = ["Sending"]

TURN_S = 0.1


class Sending:
    """The publisher of one stream.

    Parameters
    ----------
    topic
        Where to.
    client
        Options of its producer, which is its own: reports of deliveries come to whoever asks first.
    """

    def __init__(self, topic: str, client: ClientConfig) -> None:
        self._topic = topic
        # Made early because librdkafka asks for its id when it is made, and takes half a
        # second: the first messages would wait for it.
        self._producer = make_producer(client)
        self._results: Sequence[int] = (0,)
        self._broken: Sequence[int] = (0,)
        """Of the first so many messages: how many results they bring, and how many are broken."""

        self._sent = 0
        self.delivery = Delivery()

    @property
    def sent(self) -> int:
        """Records sent so far: results that the daemon will owe."""
        return self._results[self._sent]

    @property
    def delivered(self) -> int:
        """Records that the broker has, once `run` has returned.

        They are delivered in order, so those that failed are the last.
        """
        return self._results[self.delivery.delivered]

    @property
    def broken(self) -> int:
        """Messages among those sent that were broken on purpose."""
        return self._broken[self._sent]

    def run(
        self, packets: Sequence[Packet], *, rate_hz: float, is_over: Callable[[], bool]
    ) -> None:
        """Send messages, `rate_hz` a second, until all are sent or it is over."""
        self._results = list(itertools.accumulate((p.results for p in packets), initial=0))
        self._broken = list(
            itertools.accumulate((p.broken is not None for p in packets), initial=0)
        )
        paced = _paced(messages(packets), rate_hz, is_over)
        self.delivery = publish(self._producer, self._topic, paced, progress=self._note)

    def close(self) -> None:
        """Leave the broker."""
        self._producer.close()

    def _note(self, sent: int, _: int) -> None:
        self._sent = sent


def _paced(
    messages: Iterable[FileMessage], rate_hz: float, is_over: Callable[[], bool]
) -> Iterator[FileMessage]:
    """Yield each message when it is due.

    The publisher can do that too, but would sleep through the end: a stream may send one in ten seconds.
    """
    began_s = time.monotonic()
    for number, message in enumerate(messages):
        while (left_s := began_s + number / rate_hz - time.monotonic()) > 0 and not is_over():
            time.sleep(min(left_s, TURN_S))
        if is_over():
            return
        yield message
