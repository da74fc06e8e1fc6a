"""Send dead letters back to the topics that they came from, once what failed them is mended."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.dead_letters import REPLAY_HEADER, without_failure
from pipeline.kafka import make_producer, producer_config
from pipeline.letters import Letter, Wanted, read_letters
from pipeline.publish import Delivery, Outgoing, existing_topics, send
from pipeline.settings import Settings

__all__ = ["Chosen", "choose", "read_chosen", "redrive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to be sent back."""

    names: frozenset[str]
    """Of the letters."""

    superseded: int
    """Letters left out because they were sent back before and failed again: their message is in a
    later letter."""


def choose(letters: Iterable[Letter], wanted: Wanted) -> Chosen:
    """Choose the latest letter of each message that is meant.

    Parameters
    ----------
    letters
        All that there are.
    """
    found, again = set(), set()
    for letter in letters:
        again.add(letter.replay_of)
        if wanted.has(letter):
            found.add(letter.name)
    return Chosen(names=frozenset(found - again), superseded=len(found & again))


def read_chosen(settings: Settings, chosen: Chosen, notes: list[str]) -> Iterator[Letter]:
    """Read the letters once more, and yield those that were chosen.

    Twice, because which is the latest shows at the end, and all of them would not fit in memory.
    """
    return (letter for letter in read_letters(settings, notes) if letter.name in chosen.names)


def redrive(settings: Settings, letters: Iterable[Letter]) -> Delivery:
    """Send letters back, key and bytes as they came, with a header that says so.

    A letter that does not say where it came from, or whose topic is gone, counts as not delivered.

    Raises
    ------
    TransientError
        If no broker answers.
    """
    producer = make_producer(producer_config(settings, transactional_id=None))
    existing = existing_topics(producer)
    delivery = Delivery()
    try:
        for letter in letters:
            origin = letter.origin
            if origin is not None and origin.topic in existing:
                send(producer, _message(letter, origin.topic), delivery)
                continue
            delivery.sent += 1
            delivery.fail(
                letter.name,
                f"there is no topic {origin.topic}"
                if origin
                else "it does not say where it came from",
            )
    finally:
        producer.flush()  # until message.timeout.ms: then it has failed
    return delivery


def _message(letter: Letter, topic: str) -> Outgoing:
    kept = [one for one in without_failure(letter.headers) if one[0] != REPLAY_HEADER]
    return Outgoing(
        topic=topic,
        value=letter.value,
        key=letter.key,
        headers=[*kept, (REPLAY_HEADER, letter.name)],
        place=letter.name,
    )
