"""A small problem with everything that a resumed training must get right."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.training.pool import Pool
from models.training.recipe import Recipe


def simulate(seed, index):
    """Give 32 images, the bright ones labelled 1."""
    rng = np.random.default_rng([seed, 0, index])
    labels = rng.integers(0, 2, 32).astype(np.int8)
    images = rng.normal(0, 1, (32, 8, 8, 1)) + labels[:, None, None, None]
    return images.astype(np.float16), labels


def who(seed, index):
    """Give the number of the process that simulates."""
    return np.full((4, 1), os.getpid(), np.float32), np.full(4, index)


def slowest_first(seed, index):
    time.sleep(0.05 if index % 2 == 0 else 0)
    return simulate(seed, index)


def turn(rng, images, labels):
    return np.rot90(images, int(rng.integers(4)), axes=(1, 2)), labels


def pool(**changes):
    settings = {"seed": 3, "batch": 16, "block": 32, "size": 4, "reuse": 2, "processes": 0}
    return Pool(simulate, **(settings | {"augment": turn} | changes))


def build():
    """Return layers with normalisation and dropout."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(2),
            layers.Softmax(dtype="float32"),
        ]
    )


RECIPE = Recipe(steps=40, rate=3e-3, checkpoint_every=10, log_every=7, seed=5)
LOSS = "sparse_categorical_crossentropy"


def build_plain():
    """Return layers in which a sample knows nothing of the others, and nothing is random."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def accuracy(network):
    """Return how often a network is right on 32 images."""
    images, labels = simulate(4, 0)
    found = np.asarray(network.predict_on_batch(images.astype(np.float32)))
    return float((found.argmax(axis=1) == labels).mean())


def main(folder, build, strategy=None):
    """Train, and keep the weights."""
    from models.training.fit import fit

    recipe, made = replace(RECIPE, validate_every=20), {"loss": LOSS, "validate": accuracy}
    with pool() as samples:
        fitted = fit(build, samples.batches, recipe, Path(folder), strategy=strategy, **made)
    np.savez(Path(folder) / "weights.npz", *fitted.weights)
