"""``skytriage bench``: the numbers of docs/performance.md."""

import typer

__all__ = ["bench"]

bench = typer.Typer(
    name="bench", help="Measure this machine, as docs/performance.md reports.", no_args_is_help=True
)
