"""``skytriage simulate``: labelled simulated records."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.terminal import say

__all__ = ["simulate"]

simulate = typer.Typer(
    name="simulate",
    help="Labelled simulated records, in the wire formats of the surveys.",
    no_args_is_help=True,
)


class Family(StrEnum):
    """Whose packets; as `pipeline.simulation.hits.Family`, which is slow to import."""

    NATIVE = "native"
    ZTF = "ztf"
    LSST = "lsst"
    MIXED = "mixed"


@simulate.command()
def hits(
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.")],
    *,
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many packets.")] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same seed makes the same files.")
    ] = 0,
    family: Annotated[
        Family, typer.Option(help="Whose packets; mixed takes turns.")
    ] = Family.MIXED,
) -> None:
    """Simulate candidates of image subtraction; the truth about them is in labels.csv."""
    from pipeline.errors import ConfigurationError
    from pipeline.simulation.hits import simulate_hits

    try:
        folder = simulate_hits(count, seed, out, family=family.value)
    except OSError as error:
        raise ConfigurationError(str(error)) from error
    say(f"{count} packets in {folder}, the truth about them in {folder / 'labels.csv'}")


@simulate.command()
def strain(
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.")],
    *,
    count: Annotated[int, typer.Option(min=1, metavar="N", help="How many segments.")] = 1000,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="The same seed makes the same files.")
    ] = 0,
) -> None:
    """Simulate segments of strain, half of them with a merger; the truth is in labels.csv."""
    from pipeline.errors import ConfigurationError
    from pipeline.simulation.strain import simulate_strain

    try:
        folder = simulate_strain(count, seed, out)
    except OSError as error:
        raise ConfigurationError(str(error)) from error
    say(f"{count} segments in {folder}, the truth about them in {folder / 'labels.csv'}")
