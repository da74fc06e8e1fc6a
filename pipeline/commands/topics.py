"""``skytriage topics``: the topics of a configuration."""

from typing import Annotated

import typer

from pipeline.commands.terminal import AsJson, ConfigFile, print_json, print_table

__all__ = ["topics"]

topics = typer.Typer(name="topics", help="The topics of a configuration.", no_args_is_help=True)


@topics.callback()
def _topics() -> None:
    """Keep ``create`` a word of its own, though it is the only one so far."""


@topics.command()
def create(
    config: ConfigFile,
    partitions: Annotated[
        int, typer.Option(min=1, help="Partitions of each: the most workers that can share it.")
    ] = 8,
    replication: Annotated[
        int, typer.Option(min=-1, help="Copies of each message; -1 is the broker's default.")
    ] = -1,
    as_json: AsJson = False,
) -> None:
    """Create the input and output topics; those that exist are left as they are."""
    from pipeline.kafka import admin_config, make_admin
    from pipeline.settings import read_settings
    from pipeline.topics import create_topics

    if replication == 0:
        raise typer.BadParameter("there must be at least one copy", param_hint="--replication")
    settings = read_settings(config)
    admin = make_admin(admin_config(settings))
    made = list(create_topics(admin, settings, partitions=partitions, replication=replication))
    if as_json:
        print_json([{"topic": item.topic, "created": item.created} for item in made])
        return
    rows = [
        (item.topic, "created" if item.created else "was there: left as it is") for item in made
    ]
    print_table(rows, columns={"topic": "left", "result": "left"})
