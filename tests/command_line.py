"""Run a command of ours in this process, and keep what it said."""

import contextlib
import io
import json
from dataclasses import dataclass

from pipeline.cli import main

__all__ = ["Outcome", "configuration", "skytriage"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """What it printed, as one JSON value."""
        return json.loads(self.out)

    @property
    def lines(self):
        """What it printed, as a JSON value in each line."""
        return [json.loads(line) for line in self.out.splitlines()]


def skytriage(*arguments):
    """Run ``skytriage ARGUMENTS``."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
            code = 0
        except SystemExit as ended:
            code = ended.code
    return Outcome(code, out.getvalue(), err.getvalue())


def configuration(path, bootstrap, topics, *, prefix="", extra="", kafka=""):
    """Write a configuration whose topics begin with a prefix."""
    path.write_text(
        f"""
group = "{prefix}group"
{extra}
[kafka]
bootstrap.servers = "{bootstrap}"
{kafka}
[streams.hits]
topics = {json.dumps(topics)}
[output]
classifications = "{prefix}classifications"
alerts = "{prefix}alerts"
dead_letters = "{prefix}dead-letters"
"""
    )
    return path
