"""The parameter file of Deep-HiTS: ``[vars]``, read as the original reads it.

Both ``key: value`` and ``key = value``; the case of a key does not matter. A key that the original
reads and never uses is accepted and has no effect, as there: see docs/training.md.
"""

import configparser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["IGNORED", "ParameterError", "Parameters", "read_parameters"]

IGNORED = ("tiny_train", "improvement_threshold")
"""What the original reads and never uses."""

_ACTIVATIONS = ("leaky_relu", "ReLU", "tanh")
_INTERFACES = ("directory", "random")
_BUFFER = 10_000


class ParameterError(ValueError):
    """The file asks for something that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How to train; an iteration is one mini-batch."""

    path_to_chunks: Path
    """Folder of the chunks, relative to the parameter file."""

    n_cand_chunk: int
    """Candidates used of each file."""

    base_lr: float
    gamma: float
    """Factor of the learning rate at every multiple of `stepsize`."""

    stepsize: int
    momentum: float
    n_epochs: int
    batch_size: int
    n_train: int
    """Candidates of the training set; only the ``random`` interface asks."""

    n_valid: int
    n_test: int
    validate_every_batches: int
    activation_function: Literal["leaky_relu", "ReLU", "tanh"]
    resume: int | None
    """Iteration whose checkpoint to go on from."""

    savestep: int
    ini_patience: int
    """Iterations."""

    data_interface: Literal["directory", "random"]

    @property
    def validation_interval(self) -> int:
        """Iterations between two validations: never more than half of the first patience."""
        return max(1, min(self.validate_every_batches, self.ini_patience // 2))


def read_parameters(path: Path) -> Parameters:
    """Read a parameter file.

    Raises
    ------
    ParameterError
        If the file, a key or a value is missing or impossible; the message has all of them.
    """
    parser = configparser.ConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        given = dict(parser["vars"])
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError) as error:
        raise ParameterError(f"{path} is no parameter file with [vars]: {error}") from error
    _check_architecture(path, given.pop("arch_py", None))
    given = {key: value.strip() for key, value in given.items() if key not in IGNORED}
    try:
        parameters = Parameters(
            path_to_chunks=path.parent / given.pop("path_to_chunks"),
            n_train=int(given.pop("n_train", "0")),
            n_valid=int(given.pop("n_valid")),
            n_test=int(given.pop("n_test")),
            activation_function=_one_of(given.pop("activation_function"), _ACTIVATIONS),
            data_interface=_one_of(given.pop("data_interface"), _INTERFACES),
            resume=_iteration(given.pop("resume", "None")),
            base_lr=float(given.pop("base_lr")),
            gamma=float(given.pop("gamma")),
            momentum=float(given.pop("momentum")),
            **{name: int(given.pop(name)) for name in _COUNTS},
        )
    except KeyError as error:
        raise ParameterError(f"{path} has no {error.args[0]}") from error
    except ValueError as error:
        raise ParameterError(f"{path}: {error}") from error
    if given:
        raise ParameterError(f"{path}: nobody knows {', '.join(sorted(given))}")
    _check(path, parameters)
    return parameters


_COUNTS = (
    "n_cand_chunk",
    "stepsize",
    "n_epochs",
    "batch_size",
    "validate_every_batches",
    "savestep",
    "ini_patience",
)


def _check(path: Path, parameters: Parameters) -> None:
    counts = {name: getattr(parameters, name) for name in (*_COUNTS, "n_valid", "n_test")}
    for name, value in counts.items():
        if value < 1:
            raise ParameterError(f"{path}: {name} is {value}, and must be at least 1")
    if not 0 <= parameters.momentum < 1:
        raise ParameterError(f"{path}: momentum is {parameters.momentum}, not in [0, 1)")
    if _BUFFER % parameters.batch_size:
        raise ParameterError(
            f"{path}: batch_size is {parameters.batch_size}, which does not divide {_BUFFER}"
        )


def _check_architecture(path: Path, name: str | None) -> None:
    """Accept arch7, which is built in: the original's file is a program for Theano."""
    if name is None or Path(name.strip()).name != "arch7.py":
        raise ParameterError(
            f"{path}: arch_py is {name}, but only arch7.py is built in;"
            " a program for Theano cannot be run"
        )


def _one_of(value: str, known: tuple[str, ...]) -> Any:
    if value not in known:
        raise ValueError(f"{value!r} is none of {', '.join(known)}")
    return value


def _iteration(value: str) -> int | None:
    if value == "None":
        return None
    try:
        return int(value)
    except ValueError as error:
        raise ValueError(f"resume is {value!r}, not None or the number of an iteration") from error
