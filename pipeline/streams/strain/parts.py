"""Put frames together that came in chunks, and say which never will be complete.

A lost chunk is never sent again.  So the chunks of a file are given up when a newer file comes with
the same key: one that is not earlier in GPS time (``part_id`` begins anew with its producer).  An
earlier one may be late, and the open file waits for one such.  What is held is bounded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from pipeline.codecs import MOST_BYTES
from pipeline.errors import DecodeError, MissingInput
from pipeline.streams.strain.chunk import Part, is_part, parse_part, split_parts

__all__ = ["Assembled", "Assembly", "GivenUp", "Part", "is_part", "parse_part", "split_parts"]

T = TypeVar("T")

MOST_OPEN = 64
"""Files that are waited for, and complete ones that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp(Generic[T]):
    """A set of chunks that can never be complete."""

    tokens: tuple[T, ...]
    """Those of the chunks that came, in their order."""

    error: MissingInput
    """Why it is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled(Generic[T]):
    """What became of a chunk, and of others because of it."""

    frame: bytes | None = None
    """The file that it completed."""

    tokens: tuple[T, ...] = ()
    """Those of the file's chunks, in the order in which they came."""

    given_up: tuple[GivenUp[T], ...] = ()


_Key: TypeAlias = bytes | None
_File: TypeAlias = tuple[_Key, int, int]
"""Key, part_id and GPS time."""


@dataclass(slots=True)
class _Chunks(Generic[T]):
    """The chunks of a file that have come."""

    first: Part
    parts: dict[int, Part] = field(default_factory=dict)
    tokens: list[T] = field(default_factory=list)
    is_overtaken: bool = False
    """Whether an earlier file came after it."""

    def give_up(self, reason: str) -> GivenUp[T]:
        part = self.first
        came = ", ".join(str(number) for number in sorted(self.parts))
        text = (
            f"of {part.total} chunks of file {part.part_id} at GPS {part.gps_s} "
            f"only {came} came: {reason}"
        )
        return GivenUp(tokens=tuple(self.tokens), error=MissingInput(text))

    def join(self) -> bytes | None:
        """Return the file, or None if the chunks do not follow on each other."""
        at = 0
        for number in range(self.first.total):
            if self.parts[number].offset != at:
                return None
            at += len(self.parts[number].payload)
        if at != self.first.frame_bytes:
            return None
        return b"".join(self.parts[number].payload for number in range(self.first.total))


class Assembly(Generic[T]):
    """Gathers chunks to files, and says which will never be complete.

    Each chunk comes with a token, whatever tells the caller which message it was.  Every token comes
    back exactly once: with the file that it is of, or with a set that is given up, or never got in
    because `add` raised an error.
    """

    def __init__(self) -> None:
        self._open: dict[_File, _Chunks[T]] = {}
        self._complete: dict[_File, None] = {}
        self._held_bytes = 0

    def add(self, key: bytes | None, part: Part, token: T) -> Assembled[T]:
        """Take a chunk.

        Parameters
        ----------
        key
            Tells producers apart: the message's key.
        part
            The chunk.
        token
            What to give back for it.

        Raises
        ------
        DecodeError
            If the chunk came before, or contradicts others of its file. It costs only itself.
        """
        file = key, part.part_id, part.gps_s
        if file in self._complete:
            raise DecodeError(f"{part} came again: the file was complete")
        given_up: list[GivenUp[T]] = []
        chunks = self._open.get(file)
        if chunks is None:
            given_up += self._make_way(file)
            chunks = self._open[file] = _Chunks(part)
        _must_fit(part, chunks)
        chunks.parts[part.number] = part
        chunks.tokens.append(token)
        self._held_bytes += len(part.payload)
        if len(chunks.parts) < part.total:
            given_up += self._shed()
            return Assembled(given_up=tuple(given_up))
        self._close(file)
        frame = chunks.join()
        if frame is None:
            given_up.append(chunks.give_up("they do not follow on each other"))
            return Assembled(given_up=tuple(given_up))
        self._remember(file)
        return Assembled(frame=frame, tokens=tuple(chunks.tokens), given_up=tuple(given_up))

    def give_up_late(self, is_late: Callable[[T], bool]) -> tuple[GivenUp[T], ...]:
        """Give up the files whose first chunk came too long ago: for a caller with a deadline."""
        late = [file for file, chunks in self._open.items() if is_late(chunks.tokens[0])]
        return tuple(self._close(file).give_up("the deadline has passed") for file in late)

    def _make_way(self, file: _File) -> Iterator[GivenUp[T]]:
        """Give up what a new file says will not be complete any more."""
        key, _, gps_s = file
        for other, chunks in list(self._open.items()):
            if other[0] == key:
                if chunks.is_overtaken or gps_s >= other[2]:
                    yield self._close(other).give_up(f"a file at GPS {gps_s} followed")
                else:
                    chunks.is_overtaken = True

    def _shed(self) -> Iterator[GivenUp[T]]:
        """Give up the oldest where there is too much."""
        while len(self._open) > MOST_OPEN or self._held_bytes > MOST_BYTES:
            oldest = next(iter(self._open))
            yield self._close(oldest).give_up("too many others are incomplete")

    def _close(self, file: _File) -> _Chunks[T]:
        chunks = self._open.pop(file)
        self._held_bytes -= sum(len(part.payload) for part in chunks.parts.values())
        return chunks

    def _remember(self, file: _File) -> None:
        self._complete[file] = None
        while len(self._complete) > MOST_OPEN:
            self._complete.pop(next(iter(self._complete)))


def _must_fit(part: Part, chunks: _Chunks[T]) -> None:
    first = chunks.first
    if (part.total, part.frame_bytes) != (first.total, first.frame_bytes):
        raise DecodeError(
            f"{part} is of a file of {part.frame_bytes} bytes, and another said {first.total} chunks "
            f"and {first.frame_bytes} bytes"
        )
    if part.number in chunks.parts:
        raise DecodeError(f"{part} came again")
