"""The command line: ``skytriage COMMAND``.

Exit codes: 0 it worked, 1 it failed, 2 it was asked wrongly.  Each command is a
module of `pipeline.commands`, which imports what takes time only when it runs,
so that ``--help`` answers at once.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from pipeline import __version__
from pipeline.commands.bench import bench
from pipeline.commands.check import check
from pipeline.commands.classify import classify
from pipeline.commands.dead_letters import dead_letters
from pipeline.commands.demo import demo
from pipeline.commands.evaluate import evaluate
from pipeline.commands.ledger import ledger
from pipeline.commands.publish import publish
from pipeline.commands.run import run
from pipeline.commands.simulate import simulate
from pipeline.commands.tail import tail
from pipeline.commands.topics import topics
from pipeline.commands.train import train
from pipeline.errors import PipelineError

__all__ = ["app", "main"]

app = typer.Typer(
    name="skytriage",
    help="Classify astronomical alert streams as they arrive: Kafka in, neural networks, Avro alerts out.",
    no_args_is_help=True,
    add_completion=False,
    # A traceback with the values of variables would show passwords.
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"skytriage {__version__}")
        raise typer.Exit


@app.callback()
def _skytriage(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for command in (run, check, demo, publish, classify, tail, ledger, train, evaluate):
    app.command()(command)
for group in (dead_letters, topics, simulate, bench):
    app.add_typer(group)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit code."""
    try:
        app(arguments)
    except PipelineError as error:
        # Somebody has to change something; where in our code it was found says nothing.
        typer.echo(f"skytriage: {error}", err=True)
        sys.exit(1)
