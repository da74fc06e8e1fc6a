"""Does it add up: what was consumed, and what came of it, per partition.

The two sides are counted apart.  What the daemon says it has done stands in the
metadata of the group's committed offsets; what came of it is counted on the
output topics, message by message, as a reader of committed data sees them.
Here is the arithmetic; `pipeline.audit` fetches the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.offsets import Partition, Tally

__all__ = ["Account", "Ledger", "Offsets", "Position", "balance"]

Offsets = npt.NDArray[np.int64]
"""Offsets of input messages, in any order and perhaps repeated, shape ``(n,)``."""

NOTHING: Offsets = np.empty(0, np.int64)


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
    """Whether `consumed` is the daemon's count; else it is the difference of two offsets."""

    classified: int
    dead_lettered: int
    duplicates: int
    """Results beyond one for a message."""

    lag: int
    """Messages that are not yet committed."""

    @property
    def missing(self) -> int:
        """Messages consumed without a result; below 0, results without a message."""
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
    classified: Offsets = NOTHING,
    dead_lettered: Offsets = NOTHING,
) -> Account:
    """Compare what was consumed of one partition with what came of it.

    Only results of ``since <= offset < committed`` count: those behind belong
    to a commit that came after we looked.

    Parameters
    ----------
    classified, dead_lettered
        Offsets that the results on the output topics came from.
    """
    committed, tally = position.committed, position.tally
    since = None if committed is None else tally.since if tally else position.low
    begin, end = (0, 0) if since is None or committed is None else (since, committed)
    classified = classified[(classified >= begin) & (classified < end)]
    dead_lettered = dead_lettered[(dead_lettered >= begin) & (dead_lettered < end)]
    judged = np.unique(classified)
    set_aside = np.setdiff1d(dead_lettered, judged)
    return Account(
        stream=stream,
        topic=partition[0],
        partition=partition[1],
        since=since,
        committed=committed,
        consumed=tally.consumed if tally else max(0, end - begin),
        is_tallied=tally is not None,
        classified=len(judged),
        dead_lettered=len(set_aside),
        duplicates=len(classified) + len(dead_lettered) - len(judged) - len(set_aside),
        lag=max(0, position.high - max(position.low, committed or 0)),
    )


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
