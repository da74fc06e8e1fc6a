"""What the commands have in common: options, and how they speak to people and programs.

Results go to standard output, everything else to standard error, so a pipe
carries nothing but results.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "AsJson",
    "Bootstrap",
    "ConfigFile",
    "ConfigOption",
    "Exclude",
    "Options",
    "Paths",
    "StreamName",
    "client_options",
    "known_stream",
    "print_json",
    "print_table",
    "say",
]

PIPED_WIDTH = 200
"""Columns of a table that goes to a file or another program."""

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG.toml", help="The daemon's configuration.", dir_okay=False)
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="CONFIG.toml", help="Take the broker from a configuration."),
]
Bootstrap = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Kafka broker, or several with commas between."),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="An option of librdkafka, such as security.protocol=ssl."
    ),
]
Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of files.")]
StreamName = Annotated[
    str, typer.Argument(metavar="STREAM", help="What is in the packets: hits, strain, xgamma.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="PATTERN", help="Leave out files of folders, such as *.zip."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def known_stream(name: str) -> str:
    """Return the name of a stream that we have.

    Raises
    ------
    typer.BadParameter
        If there is none of that name.
    """
    from pipeline.streams import STREAMS

    if name not in STREAMS:
        raise typer.BadParameter(
            f"there is no stream {name!r}; there are {', '.join(STREAMS)}", param_hint="STREAM"
        )
    return name


def client_options(
    bootstrap: str | None, config: Path | None, options: Sequence[str] | None
) -> dict[str, Any]:
    """Return the librdkafka options that lead to a broker.

    What is given on the command line goes before the configuration.
    """
    found: dict[str, Any] = {}
    if config is not None:
        from pipeline.settings import read_settings

        found |= read_settings(config).kafka.common
    if bootstrap is not None:
        found["bootstrap.servers"] = bootstrap
    if "bootstrap.servers" not in found:
        raise typer.BadParameter("say where the broker is: --bootstrap HOST:PORT, or --config")
    for option in options or ():
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise typer.BadParameter("--set takes KEY=VALUE")  # what it got may be a secret
        found[key] = value
    return found


def print_json(value: Any) -> None:
    """Print one line of JSON and send it off, so that a reader need not wait."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a survey may say that a position is NaN; JSON has no word for it
        text = json.dumps(_finite(value), ensure_ascii=False)
    typer.echo(text)


def say(text: str) -> None:
    """Tell the person at the terminal."""
    typer.echo(text, err=True)


def print_table(
    rows: Sequence[Sequence[Any]], *, columns: Mapping[str, str], title: str | None = None
) -> None:
    """Print a table.

    Parameters
    ----------
    columns
        Heading to ``left`` or ``right``.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for heading, justify in columns.items():
        # Folded, never cut: half of an identifier is worth nothing.
        table.add_column(
            heading, justify="right" if justify == "right" else "left", overflow="fold"
        )
    for row in rows:
        # Text: what came from outside is shown as it is, brackets included.
        table.add_row(*(Text("-" if cell is None else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print(table)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
