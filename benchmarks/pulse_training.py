"""How long the five pulse networks take to learn and to judge, side by side in one run.

::

    python -m benchmarks.pulse_training [--rounds 5] [--json]

Each round takes every network in turn; the medians over the rounds are compared with ResNet10's.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable

import keras
import numpy as np

from models.training.devices import limit_threads
from models.xgamma_pulse.network import VARIANTS, build
from models.xgamma_pulse.preprocess import INPUT_SHAPE
from models.xgamma_pulse.settings import Settings

__all__ = ["main"]

_BATCHES = 20
"""Of each network in a round."""

_MARK = "resnet10"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    settings = Settings()
    limit_threads(settings.threads)
    keras.config.set_dtype_policy(settings.precision)
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((settings.batch, *INPUT_SHAPE), np.float32)
    labels = rng.integers(0, 2, settings.batch)
    work = {name: _work(name, inputs, labels) for name in VARIANTS}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    for _ in range(arguments.rounds):
        for name, (learn, judge) in work.items():
            took[name].append((_seconds(learn), _seconds(judge)))
    rows = _compare(took, settings.batch)
    if arguments.json:
        json.dump(rows, sys.stdout, indent=2)
        return
    for name, row in rows.items():
        print(f"{name:10}", *(f"{key} {value:.4g}" for key, value in row.items()))


def _work(
    name: str, inputs: np.ndarray, labels: np.ndarray
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return a step of learning and one of judging, both compiled."""
    model = build(VARIANTS[name])
    model.compile("adam", "sparse_categorical_crossentropy")

    def learn() -> object:
        return model.train_on_batch(inputs, labels)

    def judge() -> object:
        return model.predict_on_batch(inputs)

    learn()
    judge()
    return learn, judge


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_BATCHES):
        work()
    return (time.perf_counter() - began) / _BATCHES


def _compare(took: dict[str, list[tuple[float, float]]], batch: int) -> dict[str, dict[str, float]]:
    medians = {
        name: [statistics.median(column) for column in zip(*rounds, strict=True)]
        for name, rounds in took.items()
    }
    mark = medians[_MARK]
    return {
        name: {
            "learntPerSecond": batch / learn,
            "learningToResNet10": learn / mark[0],
            "judgedPerSecond": batch / judge,
            "judgingToResNet10": judge / mark[1],
        }
        for name, (learn, judge) in medians.items()
    }


if __name__ == "__main__":
    main()
