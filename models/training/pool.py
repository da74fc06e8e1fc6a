"""A pool of freshly simulated samples, filled by processes of their own.

Training draws from it at its own pace and waits only if the simulator is slower than `reuse`
allows. Everything follows from the seed and the number of the step: block ``index`` of the
simulator enters at a fixed step and leaves at another, and the rows of a batch are drawn by a
generator seeded with (seed, step). So a training that was killed sees after ``--resume`` what it
would have seen.
"""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import TypeAlias

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from models.training.devices import host_share

__all__ = ["Block", "Pool"]

Block: TypeAlias = tuple[ndarray, ndarray]
"""Inputs ``(n, *input_shape)``, float16 or float32, and labels ``(n, ...)``."""

_FIRST = 8
"""Blocks that are there before the first step."""

_DRAWS = 99
"""Sets the draws apart from the simulator, which is seeded with (seed, split, index)."""


class Pool:
    """The newest simulated samples, and batches drawn from them.

    Parameters
    ----------
    simulate
        ``(seed, index)`` to a block, a pure function of a module: other processes import it.
    seed
        Of the simulator and of the draws.
    batch
        Samples of a batch; with several hosts each draws its share of them from its own blocks.
    block
        Samples that the simulator hands over at once, or a few less where it rejected some.
    size
        Blocks to keep: a sample stays for ``size * block * reuse / batch`` steps.
    reuse
        How often a sample is drawn on average, which spares the simulator that much work.
    processes
        Processes that simulate; 0 simulates between two batches.
    augment
        Changes a batch, such as by turning it: ``(rng, inputs, labels)`` to inputs and labels.

    Examples
    --------
    >>> def simulate(seed, index):
    ...     return np.full((4, 2), index, np.float32), np.arange(4)
    >>> with Pool(simulate, seed=1, batch=8, block=4, size=2, reuse=2, processes=0) as pool:
    ...     list(pool.blocks(0)), list(pool.blocks(3))
    ([0, 1], [3, 4])
    """

    def __init__(
        self,
        simulate: Callable[[int, int], Block],
        *,
        seed: int,
        batch: int,
        block: int,
        size: int,
        reuse: int,
        processes: int = 1,
        augment: Callable[[Generator, ndarray, ndarray], Block] | None = None,
    ) -> None:
        self._host, self._hosts = host_share()
        if batch % self._hosts:
            raise ValueError(f"a batch of {batch} cannot be shared by {self._hosts} hosts")
        self._simulate, self._augment = simulate, augment
        self._seed, self._batch = seed, batch // self._hosts
        self._size, self._steps_per_block = size, block * reuse / self._batch
        self._blocks: dict[int, Block] = {}
        self._coming: deque[tuple[int, Future[Block]]] = deque()
        self._ahead = processes * 2
        self._simulators = _start(processes) if processes else None

    def __enter__(self) -> "Pool":  # noqa: PYI034 - beartype knows Self in classes only
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def blocks(self, step: int) -> range:
        """Return the numbers of the blocks that the batch of a step is drawn from.

        A host counts its own blocks; the simulator is called with another index on every host.
        """
        newest = min(self._size, _FIRST) + int(step / self._steps_per_block)
        return range(max(0, newest - self._size), newest)

    def batches(self, first_step: int = 0) -> Iterator[Block]:
        """Yield the batches from a step on, for ever: float32 inputs, and labels."""
        step = first_step
        while True:
            self._fill(self.blocks(step))
            yield self._draw(step)
            step += 1

    def close(self) -> None:
        """Stop the simulators."""
        if self._simulators is not None:
            self._simulators.shutdown(cancel_futures=True)
            self._simulators = None

    def _fill(self, wanted: range) -> None:
        """Have the wanted blocks and no others, and order the next ones."""
        for number in [number for number in self._blocks if number not in wanted]:
            del self._blocks[number]
        for number in wanted:
            if number not in self._blocks:
                self._blocks[number] = self._take(number)

    def _take(self, number: int) -> Block:
        if self._simulators is None:
            return self._simulate(self._seed, self._index(number))
        while self._coming and self._coming[0][0] != number:  # somebody went back to a step
            self._coming.popleft()[1].cancel()
        following = self._coming[-1][0] + 1 if self._coming else number
        for ordered in range(following, number + 1 + self._ahead):
            task = self._simulators.submit(self._simulate, self._seed, self._index(ordered))
            self._coming.append((ordered, task))
        return self._coming.popleft()[1].result()

    def _index(self, number: int) -> int:
        return number * self._hosts + self._host

    def _draw(self, step: int) -> Block:
        rng = np.random.default_rng([self._seed, _DRAWS, self._host, step])
        blocks = list(self._blocks.values())
        chosen = [blocks[i] for i in rng.integers(len(blocks), size=self._batch)]
        places = rng.random(self._batch)
        rows = [int(place * len(block[1])) for place, block in zip(places, chosen, strict=True)]
        inputs = np.stack([block[0][row] for row, block in zip(rows, chosen, strict=True)])
        labels = np.stack([block[1][row] for row, block in zip(rows, chosen, strict=True)])
        inputs = inputs.astype(np.float32)
        return self._augment(rng, inputs, labels) if self._augment else (inputs, labels)


def _start(processes: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("spawn"), initializer=_live_with_parent
    )


def _live_with_parent() -> None:
    """Stand back behind the training, and end with it however it ends."""
    os.nice(5)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
