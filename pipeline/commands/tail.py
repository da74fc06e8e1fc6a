"""``skytriage tail``: subscribe and print."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.commands.terminal import (
    AsJson,
    Bootstrap,
    ConfigOption,
    Options,
    client_options,
    print_json,
    say,
)

__all__ = ["tail"]


def tail(
    *,
    bootstrap: Bootstrap = None,
    config: ConfigOption = None,
    topic: Annotated[
        str | None, typer.Option(metavar="T", help="Topic; that of the alerts by default.")
    ] = None,
    stream: Annotated[
        str | None, typer.Option(metavar="S", help="Only what came on this stream.")
    ] = None,
    min_score: Annotated[
        float, typer.Option(metavar="X", help="Only scores at or above this.")
    ] = 0.0,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with the oldest, not with the next.")
    ] = False,
    count: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="End after so many.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="End when none came for so long [s].")
    ] = None,
    options: Options = None,
    as_json: AsJson = False,
) -> None:
    """Print alerts as they are committed.

    Exit 1 if a message on the topic is no alert of ours.
    """
    from pipeline.errors import DecodeError
    from pipeline.settings import SchemaSettings, read_settings
    from pipeline.subscription import open_alerts

    settings = read_settings(config) if config else None
    schemas = settings.schemas if settings else SchemaSettings()
    topic = topic or (settings.output.alerts if settings else "skytriage.alerts")
    shown = strange = 0
    with open_alerts(
        client_options(bootstrap, config, options),
        topic,
        schemas,
        from_beginning=from_beginning,
        timeout_s=timeout,
    ) as received:
        while count is None or shown < count:
            try:
                record, _ = received.next_record()
            except (StopIteration, KeyboardInterrupt):  # Ctrl-C is how one ends it
                break
            except DecodeError as error:
                strange += 1
                say(str(error))
                continue
            if record["score"] < min_score or stream not in {None, record["stream"]}:
                continue
            shown += 1
            if as_json:
                print_json(record)
            else:
                typer.echo(_line(record))
    raise typer.Exit(1 if strange else 0)


def _line(record: Mapping[str, Any]) -> str:
    """Return one alert for people: when, what, how sure, and how late."""
    from datetime import UTC, datetime

    times = record["times"]
    produced = datetime.fromtimestamp(times["produced"] / 1e6, UTC)
    best = max(record["classification"], key=record["classification"].__getitem__)
    late = (
        "" if times["broker"] is None else f"  {(times['produced'] - times['broker']) / 1e3:.0f} ms"
    )
    mended = "" if record["status"] == "ok" else f"  {record['status']}"
    return (
        f"{produced:%Y-%m-%d %H:%M:%S.%f}"[:-3]
        + f" UTC  {record['stream']}  {record['survey']} {record['eventId']}"
        + f"  {best} {record['classification'][best]:.3f}"
        + f"  score {record['score']:.3f}{mended}{late}"
    )
