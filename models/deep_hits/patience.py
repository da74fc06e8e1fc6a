"""When Deep-HiTS stops: a patience in iterations that grows while the validation gets better.

A validation error counts as a great improvement below 0.99 of the one at the last great
improvement, and only if it is the best so far. Then the patience becomes at least the smaller of
twice the iteration and the iteration plus 100,000. The 0.99 is fixed: the original reads
``improvement_threshold`` and never uses it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["Patience"]

_GREAT = 0.99
_AHEAD = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The state of the rule after some validations.

    Examples
    --------
    >>> patience = Patience(iterations=100).after(60, 0.2)
    >>> patience.iterations, patience.best_iteration, patience.is_over(119), patience.is_over(120)
    (120, 60, False, True)
    """

    iterations: int
    """Iteration at which it is over."""

    great: float = float("inf")
    """Validation error at the last great improvement."""

    best: float = float("inf")
    """Lowest validation error."""

    best_iteration: int = 0

    def after(self, iteration: int, error: float) -> "Patience":
        """Return the state after the validation of an iteration."""
        if error >= self.best:
            return self
        found = replace(self, best=error, best_iteration=iteration)
        if error < _GREAT * self.great:
            longer = max(self.iterations, min(2 * iteration, iteration + _AHEAD))
            found = replace(found, iterations=longer, great=error)
        return found

    def is_over(self, iteration: int) -> bool:
        """Whether the training stops after the step of this iteration."""
        return self.iterations <= iteration

    def facts(self) -> Mapping[str, Any]:
        """Return what a checkpoint keeps."""
        return asdict(self)
