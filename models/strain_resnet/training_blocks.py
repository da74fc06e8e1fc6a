"""Blocks of training segments, as the processes of the pool make them: without TensorFlow."""

from collections.abc import Callable

import numpy as np
from numpy import ndarray

from models.network import Preprocessed
from models.strain_resnet.preprocess import preprocess, preprocess_images
from models.strain_resnet.simulate import blocks

__all__ = ["BLOCK", "image_block", "series_block"]

BLOCK = 512
"""Segments that the simulator hands over at once."""


def series_block(seed: int, index: int, loudness: float = 1.0) -> tuple[ndarray, ndarray]:
    """Simulate a block of the training split for the one-dimensional networks.

    Returns
    -------
    :
        Inputs ``(512, 2048, 3)`` in half precision, and labels.
    """
    return _block(seed, index, loudness, preprocess)


def image_block(seed: int, index: int, loudness: float = 1.0) -> tuple[ndarray, ndarray]:
    """Do the same for the two-dimensional ones: inputs ``(512, 69, 129, 3)``."""
    return _block(seed, index, loudness, preprocess_images)


def _block(
    seed: int, index: int, loudness: float, prepare: Callable[[ndarray], Preprocessed]
) -> tuple[ndarray, ndarray]:
    segments = next(blocks(seed, "train", BLOCK, first=index, loudness=loudness))
    return prepare(segments.samples).inputs.astype(np.float16), segments.labels
