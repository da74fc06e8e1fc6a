import numpy as np
import pytest

from models.training.checkpoint import (
    Checkpoint,
    CheckpointError,
    read_checkpoint,
    write_checkpoint,
)

STATE = Checkpoint(
    arrays={"model/0": np.arange(1000.0), "model/1": np.array([7], np.uint32)},
    facts={"step": 20, "losses": [0.1 + 0.2]},
)


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / "run" / "checkpoint.npz", STATE)
    return tmp_path / "run" / "checkpoint.npz"


def test_what_was_written_is_read(path):
    read = read_checkpoint(path)

    assert read.facts == STATE.facts
    assert all(np.array_equal(read.arrays[name], value) for name, value in STATE.arrays.items())
    assert read.arrays["model/1"].dtype == np.uint32


@pytest.mark.parametrize("length", [0, 1, 100, 5000, -1])
def test_one_that_is_cut_off_is_refused_with_its_name(path, length):
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is no whole checkpoint"):
        read_checkpoint(path)


def test_a_changed_byte_is_found(path):
    content = bytearray(path.read_bytes())
    content[4000] ^= 1
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is no whole checkpoint"):
        read_checkpoint(path)


def test_another_file_of_arrays_is_refused(path):
    np.savez(path, weights=np.zeros(3))

    with pytest.raises(CheckpointError, match=r"checkpoint\.npz is no whole checkpoint"):
        read_checkpoint(path)


def test_writing_that_fails_leaves_the_last_one(path):
    broken = Checkpoint(arrays={"model/0": np.zeros(3)}, facts={"step": object()})

    with pytest.raises(TypeError):
        write_checkpoint(path, broken)

    assert read_checkpoint(path).facts == STATE.facts
