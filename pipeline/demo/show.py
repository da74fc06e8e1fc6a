"""What the person at the terminal sees: what happens now, and the numbers while it does."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.report.durations import Quantiles, milliseconds

__all__ = ["Show", "Standing"]

PLAIN_S = 5.0
"""How often a line is printed where there is no terminal to draw on [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far the demo is."""

    elapsed_s: float
    planned_s: float
    published: int
    results: int
    alerts: int
    degraded: int
    dead_letters: int
    rate_hz: float
    """Results a second, lately."""

    latency: Quantiles
    """From the broker to the subscriber, lately."""


class Show:
    """Tells a person, on standard error.

    Parameters
    ----------
    console
        Where to; plain lines are printed if it is no terminal.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._began_s = time.monotonic()
        self._live: Live | None = None
        self._told_s = 0.0

    def step(self, text: str) -> None:
        """Say what happens now."""
        elapsed_s = time.monotonic() - self._began_s
        self._console.print(Text(f"{elapsed_s:6.1f} s  ", style="dim") + Text(text), soft_wrap=True)

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """Draw what `update` is given, until the block ends."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=5, transient=True) as self._live:
            yield
        self._live = None

    def progress(self, what: str, done: int, of: int) -> None:
        """Show how far something is that one waits for."""
        if self._live is not None:
            bar = ProgressBar(total=max(of, 1), completed=done, width=40)
            self._live.update(Group(Text(f"{what}: {done:,} of {of:,}"), bar))
        elif self._due():
            self.step(f"{what}: {done:,} of {of:,}")

    def update(self, standing: Standing) -> None:
        """Show the numbers."""
        if self._live is not None:
            self._live.update(_drawn(standing))
        elif self._due():
            self.step(_line(standing))

    def _due(self) -> bool:
        now_s = time.monotonic()
        if now_s - self._told_s < PLAIN_S:
            return False
        self._told_s = now_s
        return True


def _line(standing: Standing) -> str:
    latency = standing.latency
    return (
        f"{standing.published:,} published, {standing.results:,} done, "
        f"{standing.rate_hz:,.0f}/s; latency {milliseconds(latency.p50_ms)}, {milliseconds(latency.p95_ms)}, "
        f"{milliseconds(latency.p99_ms)} (median, 95 %, 99 %); {standing.alerts:,} alerts, "
        f"{standing.degraded:,} degraded, {standing.dead_letters:,} dead letters"
    )


def _drawn(standing: Standing) -> RenderableType:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim", show_edge=False)
    latency = standing.latency
    columns = {
        "published": f"{standing.published:,}",
        "done": f"{standing.results:,}",
        "per second": f"{standing.rate_hz:,.0f}",
        "median": milliseconds(latency.p50_ms),
        "95 %": milliseconds(latency.p95_ms),
        "99 %": milliseconds(latency.p99_ms),
        "alerts": f"{standing.alerts:,}",
        "degraded": f"{standing.degraded:,}",
        "dead letters": f"{standing.dead_letters:,}",
    }
    for heading in columns:
        table.add_column(heading, justify="right")
    table.add_row(*columns.values(), style="bold")
    bar = ProgressBar(
        total=standing.planned_s, completed=min(standing.elapsed_s, standing.planned_s), width=60
    )
    return Group(Text(), table, Text(), bar)
