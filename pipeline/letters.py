"""Dead letters as an operator sees them: read from their topic, and chosen by what they say."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaException, Message

from pipeline.core import Origin
from pipeline.dead_letters import PREFIX, REPLAY_HEADER, Headers, dead_letter_origin
from pipeline.errors import ConfigurationError, TransientError
from pipeline.kafka import origin_of
from pipeline.read_topic import read_one, read_to_end
from pipeline.settings import Settings

__all__ = ["Letter", "Wanted", "read_letter", "read_letters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that could not be classified, and why."""

    place: Origin
    """Of the letter, on the topic of dead letters."""

    origin: Origin | None
    """Of the message; None if the letter does not say, because it is none of ours."""

    written_ms: int | None
    """The broker's timestamp [ms UTC]."""

    stage: str
    """That gave up: ``decode``, ``preprocess``, ``infer``, ``encode`` and so on."""

    error: str
    """Name of the exception, without its module."""

    reason: str
    """What it said."""

    replay_of: str | None
    """Name of the letter that was sent back and became this one."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def name(self) -> str:
        """What the letter is called when it is sent back.

        It has the topic in it, because partition and offset alone are not unique.
        """
        return f"{self.place.topic} {self.place.partition}/{self.place.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which letters are meant; None means any."""

    topic: str | None = None
    """That the message came from."""

    stage: str | None = None

    error: str | None = None

    def has(self, letter: Letter) -> bool:
        """Say whether a letter is meant.

        Letters that do not say where they came from are of no topic.
        """
        topic = letter.origin.topic if letter.origin else None
        pairs = ((self.topic, topic), (self.stage, letter.stage), (self.error, letter.error))
        return all(asked in {None, found} for asked, found in pairs)


def read_letters(settings: Settings, notes: list[str]) -> Iterator[Letter]:
    """Yield all letters that are there now, those of a partition in their order.

    Parameters
    ----------
    notes
        Gets a line if there may be more than was read.

    Raises
    ------
    ConfigurationError
        If there is no topic of dead letters.
    TransientError
        If no broker answers.
    """
    try:
        yield from map(_letter, read_to_end(settings, settings.output.dead_letters, notes))
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None


def read_letter(settings: Settings, partition: int, offset: int) -> Letter:
    """Return one letter; raises as `read_letters`, and `ConfigurationError` if it is not there."""
    topic = settings.output.dead_letters
    try:
        message = read_one(settings, Origin(topic, partition, offset))
    except KafkaException as error:
        raise TransientError(f"no broker answers: {error.args[0].str()}") from None
    if message is None:
        raise ConfigurationError(f"there is no letter {partition}/{offset} on {topic}")
    return _letter(message)


def _letter(message: Message) -> Letter:
    headers = tuple(cast("Headers", message.headers() or ()))
    named = dict(headers)

    def text(name: str) -> str:
        return (named.get(PREFIX + name) or b"").decode(errors="backslashreplace")

    kind, written_ms = message.timestamp()
    replay = named.get(REPLAY_HEADER)
    return Letter(
        place=origin_of(message),
        origin=dead_letter_origin(headers),
        written_ms=None if kind == TIMESTAMP_NOT_AVAILABLE else written_ms,
        stage=text("stage"),
        error=text("exception.class.name").rpartition(".")[2],
        reason=text("exception.message"),
        replay_of=None if replay is None else replay.decode(errors="backslashreplace"),
        key=message.key(),
        value=message.value() or b"",
        headers=headers,
    )
