"""Candidates to batches: what is there, as soon as the network is free.

There is no waiting time.  While the network works on one buffer the next fills,
and when the network is free it takes what has come: a lone message at once, a
flood in full batches.  The buffers are made once.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from pipeline.core import FloatArray
from pipeline.lane import Prepared, Step

__all__ = ["Batch", "Batches"]


@dataclass(slots=True)
class Batch:
    """Items of one stream, with the rows of the network's input made from them."""

    stream: str
    generation: int
    """Grows when what is in flight is given up; a batch of an older one is dropped."""

    inputs: FloatArray
    """Shape ``(capacity, *input_shape)``; the first `rows` rows count."""

    items: list[Step] = field(default_factory=list)
    rows: int = 0


class Batches:
    """The batch that fills and the one in the network, for each stream.

    One thread adds, another takes.

    Parameters
    ----------
    input_shapes
        Shape of one row for each stream.
    capacity
        Items in a batch at most.
    """

    def __init__(self, input_shapes: Mapping[str, tuple[int, ...]], capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._free: dict[str, list[FloatArray]] = {
            stream: [np.zeros((capacity, *shape), np.float32) for _ in range(2)]
            for stream, shape in input_shapes.items()
        }
        self._filling: dict[str, Batch] = {}
        self._closed = False
        self.generation = 0

    def wait_for_room(self, timeout_s: float, *, more_than: int = 0) -> int:
        """Wait until there is more room than that, and return how much there is, or 0."""
        with self._changed:
            self._changed.wait_for(lambda: self._room() > more_than, timeout_s)
            room = self._room()
            return room if room > more_than else 0

    def _room(self) -> int:
        return min(
            self._capacity - len(self._filling[stream].items)
            if stream in self._filling
            else self._capacity * bool(free)
            for stream, free in self._free.items()
        )

    def add(self, stream: str, prepared: Prepared) -> None:
        """Append items; the caller has seen that there is room."""
        with self._changed:
            batch = self._filling.get(stream)
            if batch is None:
                buffer = self._free[stream].pop()
                batch = self._filling[stream] = Batch(stream, self.generation, buffer)
            if len(batch.items) + len(prepared.items) > self._capacity:
                raise ValueError(
                    f"{len(prepared.items)} items for {self._capacity - len(batch.items)} places"
                )
            end = batch.rows + len(prepared.inputs)
            batch.inputs[batch.rows : end] = prepared.inputs
            batch.rows = end
            batch.items.extend(prepared.items)
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Batch | None:
        """Return the batch whose first item has waited longest, or None after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._filling or self._closed, timeout_s)
            if not self._filling:
                return None
            oldest = min(self._filling.values(), key=lambda batch: batch.items[0].decoded_us)
            return self._filling.pop(oldest.stream)

    def release(self, batch: Batch) -> None:
        """Give the buffer of a batch back: its inputs are no longer needed."""
        with self._changed:
            self._free[batch.stream].append(batch.inputs)
            self._changed.notify_all()

    def abandon(self) -> None:
        """Drop what has been added and not taken, and begin a new generation."""
        with self._changed:
            self.generation += 1
            for stream in list(self._filling):
                self._free[stream].append(self._filling.pop(stream).inputs)
            self._changed.notify_all()

    def close(self) -> None:
        """Let `take` return None as soon as nothing is left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """Whether it is closed and empty."""
        with self._changed:
            return self._closed and not self._filling
