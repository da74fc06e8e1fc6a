"""How the end-to-end tests run the demo."""

import sys

from pipeline.demo.lineup import left_out, taking_part

__all__ = ["COMMAND", "RATE_HZ", "SECONDS", "SHOWN", "TIMEOUT_S"]

COMMAND = (sys.executable, "-m", "pipeline", "demo")
TIMEOUT_S = 240
SECONDS, RATE_HZ = 4, 60

SHOWN = [part.stream for part in taking_part(left_out())]
"""The streams whose networks have weights."""
