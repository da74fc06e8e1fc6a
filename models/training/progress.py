"""What a training says while it runs: a bar for a terminal, lines for a file.

The lines are always kept in ``progress.log`` of the run, so that a training that was started in
the background can be looked at.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["Show", "show_progress"]

Show: TypeAlias = Callable[[int, Mapping[str, Any]], None]
"""Is told the number of steps done and figures such as the loss."""


@contextmanager
def show_progress(title: str, steps: int | None, folder: Path, *, first: int = 0) -> Iterator[Show]:
    """Show how far a training is, on standard error and in ``folder / "progress.log"``.

    Parameters
    ----------
    steps
        How many there are in all, where that is known.
    first
        Steps that an earlier process did.
    """
    started, console = time.monotonic(), Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    folder.mkdir(parents=True, exist_ok=True)
    task = bar.add_task(title, total=steps, completed=first, figures="")
    with bar, (folder / "progress.log").open("a", encoding="utf-8") as log:

        def show(step: int, figures: Mapping[str, Any]) -> None:
            text = " ".join(f"{name} {value:.4g}" for name, value in figures.items())
            elapsed = time.monotonic() - started
            per_second = (step - first) / elapsed if elapsed else 0.0
            line = f"{title} step {step}/{steps or '?'} {text} {per_second:.2f} steps/s {elapsed:.0f} s"
            log.write(line + "\n")
            log.flush()
            bar.update(task, completed=step, figures=text)
            if not console.is_terminal:
                print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is its purpose

        yield show
