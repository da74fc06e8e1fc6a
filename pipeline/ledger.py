"""Does it add up: what was consumed, and what came of it, per partition.

The two sides are counted apart.  What the daemon says it has done stands in the
metadata of the group's committed offsets; what came of it is counted on the
output topics, record by record, as a reader of committed data sees them.
Here is the arithmetic; `pipeline.audit` fetches the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.core import MOST_RECORDS
from pipeline.tally import Partition, Tally

__all__ = ["Account", "Ledger", "Places", "Position", "balance"]

Places = npt.NDArray[np.int64]
"""Where results came from, in any order and perhaps repeated, shape ``(n, 3)``: the offset of
the message, which of its records it was, and how many it holds."""

NOTHING: Places = np.empty((0, 3), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the group stands in one partition of the input."""

    low: int
    """First offset that the broker still has."""

    high: int
    """Offset that the next message will have."""

    committed: int | None
    """Next offset that the group will read; None if it never committed one."""

    tally: Tally | None
    """What was committed along with it; None where the broker keeps no metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One partition's books."""

    stream: str
    topic: str
    partition: int
    since: int | None
    """First offset that the group read."""

    committed: int | None
    consumed: int
    is_tallied: bool
    """Whether `consumed` is the daemon's count; else it is the difference of two offsets, and
    what results say of messages that hold several records."""

    classified: int
    dead_lettered: int
    duplicates: int
    """Results beyond one for a record."""

    lag: int
    """Messages that are not yet committed."""

    @property
    def missing(self) -> int:
        """Records consumed without a result; below 0, results without a record."""
        return self.consumed - self.classified - self.dead_lettered

    def as_json(self) -> dict[str, Any]:
        """Return what ``skytriage ledger --json`` prints."""
        return {
            "stream": self.stream,
            "topic": self.topic,
            "partition": self.partition,
            "since": self.since,
            "committed": self.committed,
            "consumed": self.consumed,
            "consumedFrom": "tally" if self.is_tallied else "offsets",
            "classified": self.classified,
            "deadLettered": self.dead_lettered,
            "duplicates": self.duplicates,
            "missing": self.missing,
            "lag": self.lag,
        }


def balance(
    stream: str,
    partition: Partition,
    position: Position,
    *,
    classified: Places = NOTHING,
    dead_lettered: Places = NOTHING,
) -> Account:
    """Compare what was consumed of one partition with what came of it.

    Only results of ``since <= offset < committed`` count: those behind belong
    to a commit that came after we looked. Where messages that were answered will
    be read again, up to where they were answered.

    Parameters
    ----------
    classified, dead_lettered
        What the results on the output topics came from.
    """
    committed, tally = position.committed, position.tally
    since = None if committed is None else tally.since if tally else position.low
    answered = tally.answered if tally and tally.answered is not None else committed
    begin, end = (0, 0) if since is None or answered is None else (since, answered)
    classified, dead_lettered = (
        places[(places[:, 0] >= begin) & (places[:, 0] < end)]
        for places in (classified, dead_lettered)
    )
    judged = np.unique(_keys(classified))
    set_aside = np.setdiff1d(_keys(dead_lettered), judged)
    return Account(
        stream=stream,
        topic=partition[0],
        partition=partition[1],
        since=since,
        committed=committed,
        consumed=tally.consumed
        if tally
        else max(0, end - begin) + _more(classified, dead_lettered),
        is_tallied=tally is not None,
        classified=len(judged),
        dead_lettered=len(set_aside),
        duplicates=len(classified) + len(dead_lettered) - len(judged) - len(set_aside),
        lag=max(0, position.high - max(position.low, answered or 0)),
    )


def _keys(places: Places) -> npt.NDArray[np.int64]:
    """Return one number for each place, by which they are told apart."""
    keys: npt.NDArray[np.int64] = places[:, 0] * MOST_RECORDS + places[:, 1]
    return keys


def _more(*places: Places) -> int:
    """Return how many records the messages hold beyond one each, as far as results tell."""
    found = np.concatenate(places)
    _, first = np.unique(found[:, 0], return_index=True)
    return int((found[first, 2] - 1).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The books of all partitions."""

    accounts: Sequence[Account]
    duplicates_allowed: bool
    """Whether the daemon promises no more than at least once."""

    notes: Sequence[str] = ()
    """What makes the counting less than complete."""

    @property
    def adds_up(self) -> bool:
        """Whether nothing is missing and, if that is promised, nothing double."""
        return all(
            account.missing == 0 and (self.duplicates_allowed or account.duplicates == 0)
            for account in self.accounts
        )

    def as_json(self) -> dict[str, Any]:
        """Return what ``skytriage ledger --json`` prints."""
        names = ("consumed", "classified", "deadLettered", "duplicates", "missing", "lag")
        partitions = [account.as_json() for account in self.accounts]
        return {
            "partitions": partitions,
            "total": {name: sum(row[name] for row in partitions) for name in names},
            "addsUp": self.adds_up,
            "notes": list(self.notes),
        }
