"""A finished demo, run once for all tests of what it leaves."""

import subprocess

import pytest

from tests.demo_run import COMMAND, RATE_HZ, SECONDS, TIMEOUT_S


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A finished demo: its folder, and what it printed."""
    out = tmp_path_factory.mktemp("demo")
    arguments = ("--seconds", str(SECONDS), "--rate", str(RATE_HZ), "--out", str(out), "--json")
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return out, done
