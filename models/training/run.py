"""A training between two steps: the network, its optimizer, its curve, and how it is kept."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy import ndarray

from models.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)
from models.training.recipe import Recipe

__all__ = ["CHECKPOINT", "Run"]

CHECKPOINT = "checkpoint.npz"

_UNCHANGED = ("checkpoint_every",)
"""What a recipe may say otherwise when a run goes on."""


class Run:
    """The network, its optimizer and its curve, as they change from step to step."""

    def __init__(
        self,
        build: Callable[[], keras.Model],
        recipe: Recipe,
        strategy: tf.distribute.Strategy,
        folder: Path,
    ) -> None:
        self.recipe, self.strategy, self.path = recipe, strategy, folder / CHECKPOINT
        self.step = 0
        self.best: float | None = None
        self.best_weights: list[ndarray] = []
        self.history: list[dict[str, Any]] = []
        self.losses: list[float] = []  # since the last point of the history
        with strategy.scope():
            self.model = build()
            self.optimizer = _optimizer(recipe)
            self.optimizer.build(self.model.trainable_variables)
        # layers that are spread give an answer for each device: one of its own judges alone
        self.judged = build() if strategy.num_replicas_in_sync > 1 else self.model

    def variables(self) -> dict[str, Any]:
        """Return everything that a step changes, by name."""
        both = {"model": self.model.variables, "optimizer": self.optimizer.variables}
        return {
            f"{owner}/{number}": variable
            for owner, variables in both.items()
            for number, variable in enumerate(variables)
        }

    def save(self) -> None:
        """Replace the checkpoint, and write the curve beside it."""
        arrays = {name: np.asarray(value.numpy()) for name, value in self.variables().items()}
        arrays |= {f"best/{number}": value for number, value in enumerate(self.best_weights)}
        facts = {
            "recipe": asdict(self.recipe),
            "step": self.step,
            "best": self.best,
            "history": self.history,
            "losses": self.losses,
        }
        write_checkpoint(self.path, Checkpoint(arrays=arrays, facts=facts))
        (self.path.parent / "history.json").write_text(json.dumps(self.history), encoding="utf-8")

    def restore(self) -> None:
        """Go on from the checkpoint.

        Raises
        ------
        CheckpointError
            If it is not whole, or of another recipe or network.
        """
        saved = read_checkpoint(self.path)
        recipe = {key: value for key, value in asdict(self.recipe).items() if key not in _UNCHANGED}
        for key, value in recipe.items():
            if saved.facts["recipe"].get(key) != value:
                raise CheckpointError(
                    f"{self.path} was made with {key} = {saved.facts['recipe'].get(key)!r}, not {value!r}"
                )
        variables = self.variables()
        best = [name for name in saved.arrays if name.startswith("best/")]
        shapes = {name: tuple(value.shape) for name, value in variables.items()}
        found = {name: value.shape for name, value in saved.arrays.items() if name not in best}
        if found != shapes:
            raise CheckpointError(
                f"{self.path} is of another network: its weights have other shapes"
            )
        for name, variable in variables.items():
            variable.assign(saved.arrays[name])
        self.best_weights = [saved.arrays[f"best/{number}"] for number in range(len(best))]
        self.step, self.best = saved.facts["step"], saved.facts["best"]
        self.history, self.losses = saved.facts["history"], saved.facts["losses"]

    def judge(self, validate: Callable[[keras.Model], float]) -> float:
        """Validate, and keep the weights if they are the best so far."""
        if self.judged is not self.model:
            self.judged.set_weights(self.model.get_weights())
        figure = float(validate(self.judged))
        sign = 1 if self.recipe.best == "highest" else -1
        if self.best is None or sign * figure > sign * self.best:
            self.best, self.best_weights = figure, self.model.get_weights()
        self.history.append({"step": self.step, "validation": figure})
        return figure


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    clip = {"global_clipnorm": recipe.clip}
    optimizer: keras.optimizers.Optimizer
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(recipe.rate, momentum=recipe.momentum, **clip)
    elif recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(recipe.rate, weight_decay=recipe.weight_decay, **clip)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    else:
        optimizer = keras.optimizers.Adam(recipe.rate, **clip)
    if recipe.precision == "mixed_float16":  # bfloat16 has the range of float32
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
