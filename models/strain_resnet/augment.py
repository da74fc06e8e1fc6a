"""What is changed of a segment each time it is drawn: sign, time, place, and who was listening.

Zeros mean that a detector was absent, so detectors are left out at random, and the network learns to
judge by the others. The sign of strain has no meaning, so it is flipped. Moving the segment by up to a
tenth of a second, around its end, and taking H1 for L1 are only nearly right, and so are settings; in
short runs on simulated segments the network was no worse for them, and no more was shown.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from numpy.random import Generator

__all__ = ["ABSENCES", "Augmentation"]

ABSENCES: dict[tuple[bool, bool, bool], float] = {
    (True, True, True): 0.85,
    (True, True, False): 0.07,
    (True, False, True): 0.02,
    (False, True, True): 0.02,
    (True, False, False): 0.015,
    (False, True, False): 0.015,
    (False, False, True): 0.01,
}
"""How often each subset of H1, L1 and V1 is there. Without V1 is the usual case of real data."""

_SERIES_AXES = 3
"""Of a batch of series; images have one more, and no sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """What may be changed; called with a batch, as `models.training.pool.Pool` does."""

    shift: int = 100
    """Largest circular shift of a series [samples of 1/1024 s]."""

    swap: float = 0.5
    """Share of the segments in which H1 and L1 change places."""

    def __call__(self, rng: Generator, inputs: ndarray, labels: ndarray) -> tuple[ndarray, ndarray]:
        """Return the batch changed; time is axis 1 of series, the detectors are the last."""
        if inputs.ndim == _SERIES_AXES:
            inputs = self._move(rng, inputs)
        if self.swap:
            rows = rng.random(len(inputs)) < self.swap
            inputs[rows] = inputs[rows][..., [1, 0, 2]]
        there = draw_presence(rng, len(inputs))
        inputs *= there.reshape(len(inputs), *(1,) * (inputs.ndim - 2), -1)
        return inputs, labels

    def _move(self, rng: Generator, inputs: Float32[ndarray, "n t 3"]) -> Float32[ndarray, "n t 3"]:
        sign = rng.choice(np.array([-1, 1], np.float32), len(inputs))
        moved = np.empty_like(inputs)
        if not self.shift:
            np.multiply(inputs, sign[:, None, None], out=moved)
            return moved
        by = rng.integers(-self.shift, self.shift + 1, len(inputs))
        for row, samples in enumerate(by):
            moved[row] = np.roll(inputs[row], samples, axis=0) * sign[row]
        return moved


def draw_presence(rng: Generator, n: int) -> Bool[ndarray, "n 3"]:
    """Draw which detectors are there, as `ABSENCES` has it."""
    subsets = np.array(list(ABSENCES))
    chosen: Bool[ndarray, "n 3"] = subsets[rng.choice(len(subsets), n, p=list(ABSENCES.values()))]
    return chosen
