"""Simulated images as the network eats them: blocks for training, judged samples for the rest."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from models.maxi_flare.picture import shrink
from models.maxi_flare.preprocess import preprocess
from models.maxi_flare.simulate import SPLITS, Images, Law, blocks, simulate
from models.training.pool import Block

__all__ = ["BLOCK", "Sample", "draw_sample", "simulate_block", "turn"]

BLOCK = 512
"""Images that the simulator hands over at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Images of one split as the network eats them, and the truth about them."""

    inputs: Float32[ndarray, "n 32 32 1"]

    labels: ndarray
    """1 for a flare, 0 for background; shape ``(n,)``."""

    flux_mcrab: ndarray
    """Of the central source in 2-20 keV, 0 without one [mCrab]; shape ``(n,)``."""

    kinds: ndarray
    """A key of `models.maxi_flare.simulate.KINDS`; shape ``(n,)``."""

    rings: ndarray
    """Events in rings about the centre; shape ``(n, rings)``."""


def simulate_block(seed: int, index: int) -> Block:
    """Simulate a block of the training split; an image that preprocessing rejects is left out."""
    images = simulate(np.random.default_rng([seed, SPLITS["train"], index]), BLOCK)
    inputs, kept = _prepare(images)
    return inputs[kept].astype(np.float16), images.labels[kept]


def draw_sample(seed: int, split: str, n: int, law: Law | None = None) -> Sample:
    """Simulate the first ``n`` images of a split, but for those that preprocessing rejects."""
    parts = []
    for images in islice(blocks(seed, split, BLOCK, law), -(-n // BLOCK)):
        inputs, kept = _prepare(images)
        columns = (inputs, images.labels, images.flux_mcrab, images.kinds, images.rings)
        parts.append([column[kept] for column in columns])
    inputs, labels, flux, kinds, rings = (
        np.concatenate(column)[:n] for column in zip(*parts, strict=True)
    )
    return Sample(inputs=inputs, labels=labels, flux_mcrab=flux, kinds=kinds, rings=rings)


def turn(rng: Generator, inputs: ndarray, labels: ndarray) -> Block:
    """Turn and mirror a batch at random: the sky has no up, and the scan crosses it at any angle."""
    turned = np.rot90(inputs, int(rng.integers(4)), axes=(1, 2))
    seen = turned[:, :, ::-1] if rng.integers(2) else turned
    return np.ascontiguousarray(seen), labels


def _prepare(images: Images) -> tuple[Float32[ndarray, "n 32 32 1"], ndarray]:
    made = preprocess(np.stack([shrink(picture) for picture in images.pictures]))
    kept = np.ones(len(images), bool)
    kept[list(made.rejected)] = False
    return made.inputs, kept
