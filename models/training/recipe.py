"""How long a network learns, how fast and with what: a value, kept in the manifest."""

import math
from dataclasses import dataclass
from typing import Literal

__all__ = ["Recipe", "rate_at"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Hyperparameters of one run of `models.training.fit.fit`."""

    steps: int
    """Updates of the weights."""

    rate: float = 1e-3
    """Learning rate after the warm-up."""

    decay: Literal["constant", "cosine", "exponential", "step"] = "cosine"
    """``cosine`` goes to 0 at the last step. ``exponential`` multiplies by `factor` in every
    `decay_steps` steps, smoothly; ``step`` at once at the end of each of them."""

    factor: float = 0.5

    decay_steps: int = 1000

    warmup: int = 0
    """Steps in which the rate grows linearly to `rate`."""

    optimizer: Literal["adam", "adamw", "sgd"] = "adam"

    momentum: float = 0.0
    """Of ``sgd``."""

    weight_decay: float = 0.0
    """Of ``adamw``: share of a weight lost per update, times the rate. Not of biases and norms."""

    clip: float | None = None
    """Largest norm of all gradients together."""

    precision: str = "float32"
    """Keras policy. ``mixed_bfloat16`` is about twice as fast on a CPU with AMX."""

    seed: int = 0
    """Of the initial weights and of dropout."""

    checkpoint_every: int = 500
    """Steps."""

    validate_every: int = 0
    """Steps; 0 never validates."""

    best: Literal["lowest", "highest"] = "lowest"
    """Which figure of the validation is the best."""

    log_every: int = 50
    """Steps whose mean loss makes one point of the learning curve."""


def rate_at(recipe: Recipe, step: int) -> float:
    """Return the learning rate of an update, counted from 0.

    Examples
    --------
    >>> recipe = Recipe(steps=100, rate=0.5, warmup=10)
    >>> [round(rate_at(recipe, step), 3) for step in (0, 9, 10, 55, 100)]
    [0.05, 0.5, 0.5, 0.25, 0.0]
    """
    if step < recipe.warmup:
        return recipe.rate * (step + 1) / recipe.warmup
    after = step - recipe.warmup
    if recipe.decay == "cosine":
        progress = after / max(1, recipe.steps - recipe.warmup)
        return recipe.rate * (1 + math.cos(math.pi * min(1.0, progress))) / 2
    if recipe.decay == "exponential":
        return recipe.rate * math.pow(recipe.factor, after / recipe.decay_steps)
    if recipe.decay == "step":
        return recipe.rate * math.pow(recipe.factor, after // recipe.decay_steps)
    return recipe.rate
