"""``skytriage train``: make the weights of a network."""

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Annotated, Any

import typer

from pipeline.commands.terminal import AsJson, print_json, say

__all__ = ["NetworkName", "network_module", "train"]

NetworkName = Annotated[str, typer.Argument(metavar="NETWORK", help="Such as deep-hits.")]


def network_module(name: str, part: str) -> ModuleType:
    """Import ``models.NAME.PART``; a dash counts as an underscore.

    Raises
    ------
    typer.BadParameter
        If there is no such network.
    """
    import importlib

    import models

    known = sorted(path.parent.name for path in Path(models.__file__).parent.glob("*/train.py"))
    folder = name.replace("-", "_")
    if folder not in known:
        names = ", ".join(one.replace("_", "-") for one in known)
        raise typer.BadParameter(
            f"there is no network {name!r}; there are {names}", param_hint="NETWORK"
        )
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets everybody
    return importlib.import_module(f"models.{folder}.{part}")


def train(
    network: NetworkName,
    parameters: Annotated[
        Path | None,
        typer.Argument(
            metavar="INPUT.txt", help="Parameter file of Deep-HiTS.", exists=True, dir_okay=False
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the weights go; to the run if left out."),
    ] = None,
    runs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Checkpoints and progress; runs/NETWORK if left out."),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which settings; the first if left out.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="V", help="Of the weights, such as 2026.11.1; today's.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Train for so many steps instead.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Train with another seed.")
    ] = None,
    average: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Train nothing: make one network of these weights; repeatable."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the run in --runs stopped, if it did.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train a network, calibrate and judge it, and write its weights.

    Killed and started again with --resume, it ends with the same weights.
    """
    from datetime import UTC, datetime

    from models.artifact import ArtifactError
    from models.training.checkpoint import CheckpointError
    from pipeline.errors import ConfigurationError

    runs = runs or Path("runs") / network.replace("-", "_") / (variant or "")
    version = version or datetime.now(UTC).strftime("%Y.%m.%d")
    changes = {"variant": variant, "steps": steps, "seed": seed}
    if average and (out is None or out.resolve() in {one.resolve() for one in average}):
        raise typer.BadParameter("--average needs an --out that is none of its members")
    make = _work(network, parameters, average, changes)
    is_first = _is_first_host()  # all end with one network and share --out: the first one saves
    place = nullcontext(out or runs / "weights") if is_first else TemporaryDirectory()
    try:
        with place as folder:
            artifact = make(out=Path(folder), runs=runs, version=version, resume=resume)
    except (FileExistsError, FileNotFoundError, CheckpointError, ArtifactError) as error:
        raise ConfigurationError(str(error)) from error
    if not is_first:
        return say("the first host saves the weights")
    if as_json:
        print_json(dict(artifact.manifest))
    return say(f"weights {artifact.version} of {artifact.network.name} are in {artifact.folder}")


def _is_first_host() -> bool:
    """Return whether this host is the first, or the only one.

    Raises
    ------
    ConfigurationError
        If ``TF_CONFIG`` cannot be understood.
    """
    from models.training.devices import host_share
    from pipeline.errors import ConfigurationError

    try:
        return host_share()[0] == 0
    except ValueError as error:
        raise ConfigurationError(str(error)) from error


def _work(
    network: str,
    parameters: Path | None,
    average: list[Path] | None,
    changes: Mapping[str, Any],
) -> Callable[..., Any]:
    """Return what makes the weights: settings, a parameter file, or weights to be averaged."""
    module = network_module(network, "train")
    if not parameters and not average:
        return partial(module.train, _settings(module, **changes))
    if (parameters and average) or any(value is not None for value in changes.values()):
        raise typer.BadParameter("a parameter file or --average says itself what to do")
    if average:
        ensemble = network_module(network, "ensemble").ensemble
        return lambda *, out, version, **_: ensemble(average, out=out, version=version)
    if not hasattr(module, "train_from_file"):
        raise typer.BadParameter("parameter files are for deep-hits")
    return partial(module.train_from_file, parameters)


def _settings(module: ModuleType, variant: str | None, steps: int | None, seed: int | None) -> Any:
    """Return the settings of a variant, changed as asked."""
    variants = module.VARIANTS
    if variant is not None and variant not in variants:
        raise typer.BadParameter(
            f"there is no variant {variant!r}; there are {', '.join(variants)}",
            param_hint="--variant",
        )
    settings = variants[variant] if variant else next(iter(variants.values()))
    changes = {"steps": steps, "seed": seed}
    return replace(settings, **{key: value for key, value in changes.items() if value is not None})
