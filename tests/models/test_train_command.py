"""`skytriage train` and `skytriage evaluate`: what they are told and what they refuse."""

import subprocess
import sys

import pytest

from tests.command_line import skytriage

CODE = """
import sys
from pipeline.cli import main
try:
    main([{arguments}])
except SystemExit:
    print(sorted({{"tensorflow", "keras", "scipy", "matplotlib"}} & set(sys.modules)))
"""


@pytest.mark.parametrize("arguments", ["'--help'", "'train', '--help'", "'evaluate', '--help'"])
def test_help_loads_no_framework(arguments):
    code = CODE.format(arguments=arguments)

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_an_unknown_network_is_refused_with_those_there_are(command):
    ended = skytriage(command, "deep-hist")

    assert ended.code == 2
    assert "there is no network 'deep-hist'" in ended.err
    assert "deep-hits" in ended.err


def test_an_unknown_variant_is_refused_with_those_there_are():
    ended = skytriage("train", "deep-hits", "--variant", "arch8")

    assert ended.code == 2
    assert "there is no variant 'arch8'" in ended.err


def test_weights_that_are_not_there_are_named(tmp_path):
    ended = skytriage("evaluate", "deep_hits", "--weights", tmp_path)

    assert ended.code == 1
    assert "manifest.json does not exist" in ended.err


def test_a_parameter_file_cannot_be_changed_by_options(tmp_path):
    (tmp_path / "input.txt").write_text("[vars]\n")

    ended = skytriage("train", "deep-hits", tmp_path / "input.txt", "--steps", "5")

    assert ended.code == 2
    assert "says itself what to do" in ended.err


def test_a_parameter_file_is_refused_where_it_means_nothing(tmp_path):
    (tmp_path / "input.txt").write_text("[vars]\n")

    ended = skytriage("train", "maxi-flare", tmp_path / "input.txt")

    assert ended.code == 2
    assert "parameter files are for deep-hits" in ended.err


def test_an_average_never_replaces_its_members(tmp_path):
    ended = skytriage("train", "deep-hits", "--average", tmp_path, "--out", tmp_path / ".")

    assert ended.code == 2
    assert "that is none of its members" in ended.err


@pytest.mark.parametrize("network", ["deep-hits", "maxi-flare", "strain-resnet", "xgamma-pulse"])
def test_weights_to_be_averaged_that_are_not_there_are_named(network, tmp_path):
    ended = skytriage("train", network, "--average", tmp_path, "--out", tmp_path / "both")

    assert ended.code == 1
    assert "manifest.json does not exist" in ended.err
