"""``skytriage evaluate``: how good a network is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.terminal import AsJson, print_json, print_table, say
from pipeline.commands.train import NetworkName, network_module

__all__ = ["evaluate"]


def evaluate(
    network: NetworkName,
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", exists=True, help="Labelled data; simulated ones if left out."
        ),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Weights with their manifest; those that came with skytriage."
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write plots there, and answers."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a network: every figure with its count and its 95 % interval, and plots."""
    from models.artifact import ArtifactError, load
    from pipeline.errors import ConfigurationError

    module = network_module(network, "evaluate")
    try:
        artifact = load(network.replace("-", "_"), weights)
        found = module.evaluate(artifact, data=data, plots=plots)
    except (ArtifactError, OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    if as_json:
        return print_json(found)
    columns = {"figure": "left", "value": "right", "95 %": "left", "n": "right"}
    print_table(list(_rows(found)), columns=columns, title=f"{network} {artifact.version}")
    if plots is not None and plots.is_dir():
        say(f"{plots} has {', '.join(sorted(path.name for path in plots.iterdir()))}")
    return None


def _rows(found: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, ...]]:
    """Lay a manifest's figures out, a line for each number."""
    for name, value in found.items():
        label = f"{prefix}{name}"
        if isinstance(value, Mapping) and {"value", "low95", "high95"} <= set(value):
            if value["value"] is not None:
                between = f"{value['low95']:.5f} - {value['high95']:.5f}"
                yield label, f"{value['value']:.5f}", between, str(value.get("n", ""))
        elif isinstance(value, Mapping):
            yield from _rows(value, f"{label} / ")
        elif isinstance(value, float):
            yield label, f"{value:.6g}", "", ""
        elif not isinstance(value, list | tuple):
            yield label, str(value), "", ""
