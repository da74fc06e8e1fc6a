"""What is committed with the offset of a partition: what became of its records so far.

The tally of a partition travels as the metadata of its committed offset, in the same transaction
as the results: it counts exactly what a reader of committed data can see, through crashes and
rebalances.
"""

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Commit", "Memory", "Outcome", "Partition", "Tally"]

Partition: TypeAlias = tuple[str, int]
"""Topic and partition."""

Outcome: TypeAlias = Literal["classified", "dead_lettered"]


@dataclass(slots=True)
class Tally:
    """What became of the records of one partition, since the group first read it.

    A message is one record, or as many as the container holds that it is.
    """

    since: int
    """The first offset that the group read."""

    classified: int = 0
    dead_lettered: int = 0
    answered: int | None = None
    """Where the next message without a result is, if that is not the committed offset: what lies
    between is read again for its `note`, and gives no more results."""

    note: str = ""
    """What a stream wants to know when it reads again what it has answered."""

    @property
    def consumed(self) -> int:
        """Records that are done."""
        return self.classified + self.dead_lettered

    def to_metadata(self) -> str:
        """Return the text that is committed with the offset.

        >>> Tally(since=0, classified=4, dead_lettered=1).to_metadata()
        '{"since":0,"consumed":5,"classified":4,"deadLettered":1}'
        """
        table: dict[str, int | str] = {
            "since": self.since,
            "consumed": self.consumed,
            "classified": self.classified,
            "deadLettered": self.dead_lettered,
        }
        if self.answered is not None:
            table |= {"answered": self.answered, "note": self.note}
        return json.dumps(table, separators=(",", ":"))

    @classmethod
    def from_metadata(cls, metadata: str | None) -> "Tally | None":
        """Read what was committed; None where no tally was.

        >>> Tally.from_metadata('{"since":0,"consumed":5,"classified":4,"deadLettered":1}').consumed
        5
        >>> Tally.from_metadata("") is None
        True
        """
        try:
            table = json.loads(metadata or "")
            counts = table["since"], table["classified"], table["deadLettered"]
            return cls(*counts, table.get("answered"), table.get("note", ""))
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class Commit:
    """What to commit for one partition."""

    offset: int
    """The next offset to read."""

    answered: int
    """The next offset that has no result yet: later, where something is to be read again."""

    metadata: str


@dataclass(frozen=True, slots=True)
class Memory:
    """What a stream still needs of messages that it has answered."""

    first: int
    """The first offset that it would have to read again."""

    note: str
    """What it would want to know then."""
