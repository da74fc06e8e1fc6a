"""constraints.txt: what `make` installs is one exact set of what pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
]
PINNED = {canonicalize_name(name): version for name, version in (x.split("==") for x in LINES)}
NEEDED = [
    Requirement(text)
    for extra in ("embedded", "science", "gwf", "waveforms", "dashboards", "dev")
    for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra])
]
WANTED = {need.name: need for need in NEEDED if need.name != PROJECT["name"]}


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_a_name_and_a_version(line):
    assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.!+]*", line)


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
def test_every_dependency_has_a_version_that_is_allowed(wanted):
    version = PINNED[canonicalize_name(wanted.name)]
    assert wanted.specifier.contains(version), f"{wanted} does not allow {version}"
