"""The weights that come with the project: files of its repository, small, with sound manifests."""

import shutil
import subprocess
from pathlib import Path

import pytest

from models import NETWORKS
from models.artifact import load

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def shipped():
    """Sizes of all files in ``models/*/weights`` that git has or would add [byte], by path."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone, so nothing says which files are shipped")
    kept = [git, "ls-files", "--cached", "--others", "--exclude-standard", "models/*/weights/**"]
    done = subprocess.run(kept, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / line for line in done.stdout.splitlines()]
    return {path: path.stat().st_size for path in paths if path.exists()}


def test_every_network_ships_its_weights(shipped):
    networks = {path.parents[1].name for path in shipped if path.suffix == ".h5"}

    assert networks == {path.parent.name for path in ROOT.glob("models/*/train.py")}


def test_no_file_of_weights_is_larger_than_20_megabytes(shipped):
    assert max(shipped.values()) <= 20 * MEGABYTE


def test_all_weights_together_are_at_most_40_megabytes(shipped):
    assert sum(shipped.values()) <= 40 * MEGABYTE


def shares(node):
    """Yield every rate and AUC of a manifest and the bounds of its interval, by where it stands."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from ((f"{key}/{path}", share) for path, share in shares(value))
        elif key in {"value", "low95", "high95"} and value is not None:  # null: a rate of nothing
            yield key, value


@pytest.mark.parametrize("name", NETWORKS)
def test_every_share_of_a_manifest_and_its_bounds_lie_from_0_to_1(name):
    found = dict(shares(load(name).manifest["metrics"]))

    assert found
    assert {path: share for path, share in found.items() if not 0 <= share <= 1} == {}
