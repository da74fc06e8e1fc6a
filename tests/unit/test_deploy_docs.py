"""The operator's pages: their commands exist, and the list of metrics is complete."""

import os
import re
import shlex
import subprocess
import sys
from functools import cache

import pytest

from deploy.metrics_page import PAGE, page
from pipeline.dead_letters import PREFIX, REPLAY_HEADER
from pipeline.settings import Settings
from tests.deployed import DEPLOY, ROOT, RUNBOOK, panels, rules

PAGES = (RUNBOOK, ROOT / "docs" / "operations.md")
TEXT = "\n".join(path.read_text() for path in PAGES)
COMMANDS = sorted(
    set(re.findall(r"(?:^\$ |`)skytriage ([a-z][^`#\n]*?) *(?:#.*|`|$)", TEXT, re.MULTILINE))
)


@cache
def help_of(*words: str) -> str:
    """Return what `--help` says of a command, without breaking its lines."""
    ours = [sys.executable, "-m", "pipeline", *words, "--help"]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(
        ours, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_an_operators_page_exists_with_its_arguments_and_options(command):
    words = shlex.split(command)
    names = [word for word in words if re.fullmatch("[a-z-]+", word) and not word.startswith("--")]
    options = [word for word in words if word.startswith("--")]
    shown = help_of(*names)
    wanted = options + ["CONFIG"] * ("CONFIG.toml" in words)
    assert [word for word in wanted if word not in shown] == []


def test_the_page_of_metrics_is_what_its_program_writes():
    assert PAGE.read_text() == page()


def test_every_file_that_an_operators_page_names_exists():
    named = set(re.findall(r"`((?:deploy|docs)/[\w./-]+)`", TEXT + PAGE.read_text()))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_header_that_marks_a_replay_is_the_one_the_daemon_looks_for():
    assert f"`{REPLAY_HEADER}`" in TEXT
    assert f"`{PREFIX}topic`" in TEXT


def test_every_panel_that_the_runbook_sends_to_exists():
    titles = " ".join(panel["title"] for panel in panels())
    named = re.findall(r"panels? \*([^*]+)\*", RUNBOOK.read_text())
    assert named
    assert [name for name in named if name not in titles] == []


@pytest.mark.parametrize(
    "phrase", ["cannot start", "gave up", "not warmed within", "worker died", "worker killed"]
)
def test_the_runbook_quotes_the_log_as_it_is_written(phrase):
    assert f"`{phrase}" in RUNBOOK.read_text()
    written = [(ROOT / "pipeline" / name).read_text() for name in ("supervisor.py", "slot.py")]
    assert any(phrase in text for text in written)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(\w+_(?:s|ms|batch|interval))`", TEXT))))
def test_a_setting_on_an_operators_page_exists(name):
    assert re.search(rf"^#?{name} = ", (DEPLOY / "skytriage.toml").read_text(), re.MULTILINE)


def test_the_pages_state_the_objective_of_the_rules():
    edges = {edge for rule in rules() for edge in re.findall(r'le="([^"]+)"', rule["expr"])}
    assert [edge for edge in edges if f"{edge} s" not in TEXT] == []
    assert Settings.model_fields["drain_timeout_s"].default < 60
