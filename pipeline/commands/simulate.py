"""``skytriage simulate``: labelled simulated records."""

from collections.abc import Callable
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


Out = Annotated[Path, typer.Option(metavar="DIR", help="A new or empty folder.")]
Count = Annotated[int, typer.Option(min=1, metavar="N", help="How many packets.")]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="The same seed makes the same files.")
]


@simulate.command()
def hits(
    out: Out,
    *,
    count: Count = 1000,
    seed: Seed = 0,
    family: Annotated[
        Family, typer.Option(help="Whose packets; mixed takes turns.")
    ] = Family.MIXED,
) -> None:
    """Simulate candidates of image subtraction; the truth about them is in labels.csv."""
    from pipeline.simulation.hits import simulate_hits

    _write(out, count, lambda: simulate_hits(count, seed, out, family=family.value))


@simulate.command()
def maxi(
    out: Out,
    *,
    count: Count = 1000,
    seed: Seed = 0,
    events: Annotated[
        bool, typer.Option("--events", help="One list of events instead, with N transits.")
    ] = False,
) -> None:
    """Simulate one-orbit images of MAXI/GSC; the truth about them is in labels.csv."""
    from pipeline.simulation import SIMULATED
    from pipeline.simulation.packet import write_folder

    if not events:
        _write(out, count, lambda: write_folder(SIMULATED["maxi"](seed), count, out))
        return
    from pipeline.simulation.maxi_events import DEC_DEG, RA_DEG, simulate_event_list

    _write(out, count, lambda: simulate_event_list(count, seed, out))
    say(f"the field is at --ra {RA_DEG:g} --dec {DEC_DEG:g}")


@simulate.command()
def strain(
    out: Out,
    *,
    count: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="How many packets (1000), or mergers with --frames (10)."
        ),
    ] = None,
    seed: Seed = 0,
    frames: Annotated[
        bool,
        typer.Option("--frames", help="Files of running detectors instead, with N mergers."),
    ] = False,
) -> None:
    """Simulate segments of strain, half of them with a merger; the truth is in labels.csv."""
    if not frames:
        from pipeline.simulation.strain import simulate_strain

        packets = count or 1000
        _write(out, packets, lambda: simulate_strain(packets, seed, out))
        return
    from pipeline.simulation.strain_frames import MOST_MERGERS, simulate_frames

    mergers = count or 10
    if mergers > MOST_MERGERS:
        raise typer.BadParameter(
            f"files of 4096 s hold at most {MOST_MERGERS} mergers, not {mergers}",
            param_hint="--count",
        )
    _write(out, mergers, lambda: simulate_frames(mergers, seed, out), "mergers")


@simulate.command()
def xgamma(
    out: Out,
    *,
    count: Count = 1000,
    seed: Seed = 0,
    batch: Annotated[int, typer.Option(min=1, metavar="N", help="Packets in a file.")] = 1,
) -> None:
    """Simulate pulses of a spectrometer; the truth about them is in labels.csv."""
    from pipeline.simulation import SIMULATED
    from pipeline.simulation.packet import write_folder

    _write(out, count, lambda: write_folder(SIMULATED["xgamma"](seed), count, out, batch=batch))


def _write(out: Path, count: int, write: Callable[[], object], what: str = "packets") -> None:
    from pipeline.errors import ConfigurationError

    try:
        write()
    except OSError as error:
        raise ConfigurationError(str(error)) from error
    say(f"{count} {what} in {out}, the truth about them in {out / 'labels.csv'}")
