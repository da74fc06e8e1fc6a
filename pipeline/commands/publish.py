"""``skytriage publish``: files to an input topic."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.field import Dec, Exposure, Ra, Radius, field_messages
from pipeline.commands.terminal import (
    AsJson,
    Bootstrap,
    ConfigOption,
    Exclude,
    Options,
    Paths,
    StreamName,
    client_options,
    known_stream,
    print_json,
    say,
)

__all__ = ["publish"]

REFRESH_S = 0.1
"""How often the numbers on the terminal change [s]."""


def publish(
    stream: StreamName,
    paths: Paths,
    *,
    bootstrap: Bootstrap = None,
    config: ConfigOption = None,
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Input topic; the stream's name by default.")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(min=0.001, metavar="N", help="Messages a second, evenly spaced.")
    ] = None,
    batch: Annotated[
        int,
        typer.Option(min=1, metavar="N", help="Records to a message, of those with one schema."),
    ] = 1,
    repeat: Annotated[int, typer.Option(min=1, metavar="N", help="Send all of it N times.")] = 1,
    as_frames: Annotated[
        bool,
        typer.Option("--as-frames", help="Strain: play files as detectors do, second by second."),
    ] = False,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="With --as-frames: a second each second.")
    ] = False,
    parts: Annotated[
        bool, typer.Option("--parts", help="With --as-frames: GWF in chunks of 100 kB.")
    ] = False,
    ra: Ra = None,
    dec: Dec = None,
    radius: Radius = None,
    exposure: Exposure = None,
    exclude: Exclude = None,
    options: Options = None,
    as_json: AsJson = False,
) -> None:
    """Send files, or folders of files, to an input topic: one message for each record, or for N.

    Whatever is no packet is sent as well: the daemon sets it aside and says why.
    Exit 1 if anything was not delivered.
    """
    from pipeline.core import MOST_RECORDS
    from pipeline.files import again, find_files, pack, read_files
    from pipeline.kafka import make_producer
    from pipeline.publish import publish as publish_messages
    from pipeline.publish import publisher_config
    from pipeline.streams import STREAMS

    topic = topic or known_stream(stream)
    _must_go_together(stream, rate, repeat, as_frames=as_frames, realtime=realtime, parts=parts)
    if batch > (1 if as_frames else MOST_RECORDS):
        most = "one frame" if as_frames else f"{MOST_RECORDS} records"
        raise typer.BadParameter(
            f"a message holds at most {most}, not {batch}", param_hint="--batch"
        )
    client = publisher_config(client_options(bootstrap, config, options))
    found = find_files(paths, exclude or ())
    if found.left_out:
        say(f"left out {len(found.left_out)} files: {found.describe_left_out()}")
    unreadable: list[str] = []

    def note(file: Path, error: OSError) -> None:
        unreadable.append(str(file))
        say(f"cannot read {file}: {error.strerror}")

    field = field_messages(stream, found.files, ra=ra, dec=dec, radius=radius, exposure=exposure)
    if as_frames:
        from pipeline.play_files import play_files

        messages = play_files(found.files, in_parts=parts, realtime=realtime)
    else:
        read_file = STREAMS[known_stream(stream)].read_file
        each = read_files(found.files, read_file, unreadable=note) if field is None else field
        messages = again(each, repeat)
        if batch > 1:
            messages = pack(messages, batch)
    with _progress(topic, shown=not as_json) as progress:
        delivery = publish_messages(
            make_producer(client), topic, messages, rate_hz=rate, progress=progress
        )
    for example in delivery.examples:
        say(example)
    if as_json:
        print_json(
            {
                "topic": topic,
                "files": len(found.files),
                "leftOut": [str(path) for path in found.left_out],
                "unreadable": unreadable,
                "sent": delivery.sent,
                "sentBytes": delivery.sent_bytes,
                "delivered": delivery.delivered,
                "failed": delivery.failed,
                "failures": dict(delivery.failures),
            }
        )
    else:
        say(f"{delivery.delivered} of {delivery.sent} messages delivered to {topic}")
    raise typer.Exit(1 if delivery.failed or unreadable else 0)


def _must_go_together(
    stream: str, rate: float | None, repeat: int, *, as_frames: bool, realtime: bool, parts: bool
) -> None:
    if as_frames and stream != "strain":
        raise typer.BadParameter(f"--as-frames is for strain, not for {stream}")
    if (realtime or parts) and not as_frames:
        raise typer.BadParameter("--realtime and --parts go with --as-frames")
    if realtime and rate is not None:
        raise typer.BadParameter("--realtime and --rate both say how fast: give one of them")
    if as_frames and repeat > 1:
        raise typer.BadParameter("--repeat does not go with --as-frames: time passes once")


@contextlib.contextmanager
def _progress(topic: str, *, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how far it is on standard error, if that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task(f"{topic}: 0 sent")

        shown_s = 0.0

        def update(sent: int, delivered: int) -> None:
            nonlocal shown_s
            if (now_s := time.monotonic()) - shown_s > REFRESH_S:
                shown_s = now_s
                bar.update(task, description=f"{topic}: {sent} sent, {delivered} delivered")

        yield update
