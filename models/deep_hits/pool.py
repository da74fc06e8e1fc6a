"""A pool of freshly simulated candidates, filled by a process of its own.

Training draws from it at its own pace and never waits: a candidate is seen a few times, each time
in another of its eight orientations, until a newer one takes its place.
"""

import contextlib
import multiprocessing
import os
import queue
from collections.abc import Iterator
from multiprocessing.queues import Queue

import numpy as np
from numpy import ndarray

from models.deep_hits.preprocess import preprocess
from models.deep_hits.simulate import blocks

__all__ = ["Pool"]

_PIECES = 8
"""Blocks that a batch is drawn from."""


def _feed(seed: int, block: int, bright: float, fresh: "Queue[tuple[ndarray, ndarray]]") -> None:
    """Simulate, preprocess and hand over, for ever; runs in its own process."""
    os.nice(5)
    for candidates in blocks(seed, "train", block, bright):
        made = preprocess(candidates.samples)
        usable = np.ones(block, bool)
        usable[list(made.rejected)] = False
        fresh.put((made.inputs[usable].astype(np.float16), candidates.labels[usable]))


class Pool:
    """The newest simulated candidates, and batches drawn from them.

    Parameters
    ----------
    seed
        Of the training split and of the order in which candidates are drawn.
    block
        Candidates that the simulator hands over at once.
    size
        Blocks to keep (half of 7 kB a candidate).
    bright
        As `models.deep_hits.simulate.simulate` takes it.
    reuse
        How often each candidate is drawn on average, which spares the simulator that much work.
    """

    def __init__(self, *, seed: int, block: int, size: int, bright: float, reuse: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._fresh: Queue[tuple[ndarray, ndarray]] = context.Queue(maxsize=8)
        arguments = (seed, block, bright, self._fresh)
        self._simulator = context.Process(target=_feed, args=arguments, daemon=True)
        self._simulator.start()
        self._rng = np.random.default_rng([seed, 99])
        self._blocks = [self._fresh.get() for _ in range(min(8, size))]
        self._size, self._reuse = size, reuse
        self._drawn = 0
        self.simulated = sum(len(labels) for _, labels in self._blocks)

    def batches(self, size: int) -> Iterator[tuple[ndarray, ndarray]]:
        """Yield batches, for ever: inputs ``(size, 21, 21, 4)`` and labels ``(size,)``."""
        while True:
            self._drawn += size
            if self._drawn > self.simulated * self._reuse:
                self._refresh()
            inputs, labels = self._draw(size)
            turned = np.rot90(inputs, int(self._rng.integers(4)), axes=(1, 2))
            images = turned[:, :, ::-1] if self._rng.integers(2) else turned
            yield np.ascontiguousarray(images, dtype=np.float32), labels

    def close(self) -> None:
        """Stop the simulator."""
        self._simulator.terminate()
        self._simulator.join()

    def _draw(self, size: int) -> tuple[ndarray, ndarray]:
        inputs, labels = [], []
        for piece in self._rng.integers(0, len(self._blocks), _PIECES):
            images, truth = self._blocks[piece]
            rows = self._rng.integers(0, len(truth), size // _PIECES)
            inputs.append(images[rows])
            labels.append(truth[rows])
        return np.concatenate(inputs), np.concatenate(labels)

    def _refresh(self) -> None:
        with contextlib.suppress(queue.Empty):  # train on what there is
            block = self._fresh.get_nowait()
            self._blocks = [*self._blocks, block][-self._size :]
            self.simulated += len(block[1])
