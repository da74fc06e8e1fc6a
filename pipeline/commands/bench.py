"""``skytriage bench``: the numbers of docs/performance.md.

Each command is ``main(as_json=...)`` of a module of `benchmarks`, which returns
an exit code.
"""

from importlib import import_module

import typer

from pipeline.commands.terminal import AsJson

__all__ = ["bench"]

bench = typer.Typer(
    name="bench", help="Measure this machine, as docs/performance.md reports.", no_args_is_help=True
)


@bench.command()
def network(as_json: AsJson = False) -> None:
    """Measure the bare networks: samples a second by runtime, precision and batch size."""
    _measure("network", as_json=as_json)


@bench.command()
def throughput(as_json: AsJson = False) -> None:
    """Measure the daemon on a full topic: messages a second, end to end."""
    _measure("throughput", as_json=as_json)


@bench.command()
def latency(as_json: AsJson = False) -> None:
    """Measure the daemon at a survey's rate: time from the broker to the committed alert."""
    _measure("latency", as_json=as_json)


def _measure(name: str, *, as_json: bool) -> None:
    raise typer.Exit(import_module(f"benchmarks.{name}").main(as_json=as_json) or 0)
