"""``skytriage demo``: a night in half a minute."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from pipeline.commands.terminal import AsJson, print_json

__all__ = ["demo"]


def demo(
    seconds: Annotated[
        float, typer.Option(min=1, metavar="S", help="How long to publish [s].")
    ] = 30.0,
    rate: Annotated[
        float, typer.Option(min=1, metavar="R", help="Records a second, of all streams together.")
    ] = 150.0,
    out: Annotated[
        Path, typer.Option(metavar="DIR", file_okay=False, help="Folder for what it writes.")
    ] = Path("demo-out"),
    as_json: AsJson = False,
) -> None:
    """Send simulated data of all streams through the real daemon, without Java or Docker.

    Starts a broker in memory and the daemon, publishes, drains, counts, and
    writes DIR/summary.json and DIR/report.html. Ctrl-C ends it early and in
    good order. Exit 1 if the ledger does not add up, or the daemon died.
    """
    from pipeline.demo.session import Options, run_demo
    from pipeline.demo.show import Show
    from pipeline.report.durations import milliseconds

    show = Show()
    with _stopped_by_signals(show.step) as stop:
        summary = run_demo(Options(seconds=seconds, rate_hz=rate, out=out), show, stop)
    if as_json:
        print_json(summary.as_json())
    total, latency = summary.total, summary.end_to_end
    show.step(
        f"{total['consumed']:,} consumed = {total['classified']:,} classified"
        f" + {total['deadLettered']:,} dead-lettered"
        f"{'' if summary.adds_up else ': it does not add up'}; {summary.alerts:,} alerts;"
        f" latency {milliseconds(latency.p50_ms)}, 99 % {milliseconds(latency.p99_ms)}"
    )
    show.step(f"the report: {(out / 'report.html').resolve()}")
    raise typer.Exit(0 if summary.succeeded else 1)


@contextlib.contextmanager
def _stopped_by_signals(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; a second Ctrl-C is as ever."""
    stop = threading.Event()

    def on_signal(_: int, __: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        say("stopping: the report will be of what there was; once more stops at once")

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
