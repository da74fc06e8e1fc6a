import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from models.artifact import load
from models.training.devices import choose_strategy, host_share
from models.xgamma_pulse.learn import _timed
from pipeline.server_process import free_port
from tests.command_line import skytriage

HERE = Path(__file__).parent
HOSTS = {"worker": ["a:1", "b:1"]}


def config(index=0, cluster=HOSTS, kind="worker"):
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_a_host_knows_its_number():
    assert host_share(config(1)) == (1, 2)


@pytest.mark.parametrize(
    "environment",
    [
        {"TF_CONFIG": "{"},
        {"TF_CONFIG": "{}"},
        config(2),
        config(-1),
        config(cluster={"worker": ["a:1"], "ps": ["b:1"]}),
        config(kind="chief"),
    ],
)
def test_a_cluster_that_we_cannot_join_is_refused_with_its_text(environment):
    with pytest.raises(ValueError, match=r"TF_CONFIG .*\{"):
        host_share(environment)


def test_one_device_needs_no_strategy(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)

    assert choose_strategy() is tf.distribute.get_strategy()


def start(code, **environment):
    """Run Python that can import `small_problem`, and the project."""
    paths = f"{HERE}{os.pathsep}{HERE.parents[2]}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes):
    ends = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), ends


TWO_DEVICES = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import small_problem
two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
small_problem.main({folder!r}, small_problem.{build}, two)
"""

ONE_DEVICE = "import small_problem; small_problem.main({folder!r}, small_problem.{build})"


TRAIN = """
from dataclasses import replace
from models.xgamma_pulse.settings import VARIANTS
from pipeline.cli import main
VARIANTS["tiny"] = replace(
    VARIANTS["short"], steps=4, batch=8, pool=1, validated=500, validate_every=4, judged=(500, 500)
)
if __name__ == "__main__":
    main(["train", "xgamma-pulse", "--variant", "tiny", "--runs", {runs!r}, "--out", {out!r}])
"""


def weights(folder):
    with np.load(folder / "weights.npz") as file:
        return [file[name] for name in file.files]


def losses(folder):
    history = json.loads((folder / "history.json").read_text())
    return [point["loss"] for point in history if "loss" in point]


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    finish(
        start(ONE_DEVICE.format(folder=str(one), build="build_plain")),
        start(TWO_DEVICES.format(folder=str(two), build="build_plain")),
    )

    assert all(
        np.allclose(a, b, atol=1e-4) for a, b in zip(weights(one), weights(two), strict=True)
    )


@pytest.mark.slow
def test_two_devices_learn_with_normalisation_and_dropout_too(tmp_path):
    finish(start(TWO_DEVICES.format(folder=str(tmp_path), build="build")))

    assert losses(tmp_path)[-1] < 0.8 * losses(tmp_path)[0]


@pytest.mark.slow
def test_two_hosts_learn_one_network_and_the_first_keeps_the_checkpoint(tmp_path):
    cluster = {"worker": [f"localhost:{free_port()}" for _ in range(2)]}
    hosts = [tmp_path / "first", tmp_path / "second"]

    finish(
        *(
            start(
                ONE_DEVICE.format(folder=str(folder), build="build_plain"),
                **config(index, cluster=cluster),
            )
            for index, folder in enumerate(hosts)
        )
    )

    assert all(
        np.array_equal(a, b) for a, b in zip(*(weights(host) for host in hosts), strict=True)
    )
    assert losses(hosts[0])[-1] < 0.8 * losses(hosts[0])[0]
    assert not (hosts[1] / "checkpoint.npz").exists()


@pytest.mark.slow
def test_of_two_hosts_that_train_two_networks_one_after_the_other_the_first_saves(tmp_path):
    cluster = {"worker": [f"localhost:{free_port()}" for _ in range(2)]}
    places = [tmp_path / "first", tmp_path / "second"]

    finish(
        *(
            start(
                TRAIN.format(runs=str(tmp_path / "runs"), out=str(out)),
                **config(index, cluster=cluster),
            )
            for index, out in enumerate(places)
        )
    )

    assert list(load("xgamma_pulse", places[0]).manifest["metrics"]["table"]) == [
        "resnet10",
        "lstm",
    ]
    assert not places[1].exists()


def test_of_several_hosts_the_first_counts_the_seconds_of_a_training(monkeypatch, tmp_path):
    for index, name in enumerate(["first", "second"]):
        monkeypatch.setenv("TF_CONFIG", config(index)["TF_CONFIG"])
        batches = _timed(lambda step: iter([step]), tmp_path / name)

        assert list(batches(7)) == [7]

    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_a_cluster_that_the_command_cannot_join_ends_it_with_its_text(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{")

    ended = skytriage("train", "xgamma-pulse")

    assert ended.code == 1
    assert "TF_CONFIG is not understood: {" in ended.err
