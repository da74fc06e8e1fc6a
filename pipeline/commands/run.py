"""``skytriage run``: the daemon."""

import typer

from pipeline.commands.terminal import ConfigFile

__all__ = ["run"]


def run(config: ConfigFile) -> None:
    """Run the daemon: Kafka in, networks, Kafka out. SIGTERM ends it in good order."""
    from pipeline.settings import read_settings
    from pipeline.supervisor import supervise

    raise typer.Exit(supervise(read_settings(config)))
