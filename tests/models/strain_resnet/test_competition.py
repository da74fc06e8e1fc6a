"""A folder of G2Net: judged by its labels, answered for its test segments."""

import numpy as np
import pytest

from models.artifact import load
from models.strain_resnet.evaluate import evaluate
from models.strain_resnet.g2net import LISTS, segment_path
from models.strain_resnet.simulate import simulate

REASON = "no detector has usable strain: H1, L1, V1 are all absent"


LOUD = 8
"""A network SNR at which a signal stands out of a few segments of noise."""


@pytest.fixture(scope="module")
def shipped():
    return load("strain_resnet")


@pytest.fixture(scope="module")
def made():
    return simulate(np.random.default_rng(1), 60)


def write_split(folder, split, samples, targets):
    """Write segments as the competition has them, and the list of the split."""
    lines = ["id,target"]
    for number, (strain, target) in enumerate(zip(samples, targets, strict=True)):
        path = segment_path(folder, split, f"{number:010x}")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, strain.astype(np.float64))
        lines.append(f"{number:010x},{target}")
    (folder / LISTS[split]).write_text("\n".join(lines) + "\n")


def silenced(samples, *rows):
    """Leave no detector in these."""
    return np.where(np.isin(np.arange(len(samples)), rows)[:, None, None], 0, samples)


def test_a_folder_is_judged_by_its_labels(shipped, made, tmp_path):
    write_split(tmp_path, "train", made.samples, made.labels)

    found = evaluate(shipped, data=tmp_path, plots=tmp_path / "plots")

    assert found["data"] == "G2Net (simulated by its organisers)"
    assert found["candidates"] == 60
    assert found["real"] == made.labels.sum()
    assert found["rejected"]["count"] == 0
    assert (tmp_path / "plots" / "roc.png").is_file()


def test_rejected_segments_are_in_no_figure_and_named(shipped, made, tmp_path):
    write_split(tmp_path, "train", silenced(made.samples, 3, 17), made.labels)

    found = evaluate(shipped, data=tmp_path)

    assert found["candidates"] == 58
    assert found["real"] == np.delete(made.labels, [3, 17]).sum()
    assert found["rejected"] == {
        "count": 2,
        "ids": ["0000000003", "0000000011"],
        "examples": {"0000000003": REASON, "0000000011": REASON},
    }


def test_a_folder_of_rejected_segments_only_is_refused(shipped, tmp_path):
    write_split(tmp_path, "train", np.zeros((4, 3, 4096)), [0, 1, 0, 1])

    with pytest.raises(ValueError, match="0 of 0 with a signal, 4 rejected"):
        evaluate(shipped, data=tmp_path)


def test_the_test_segments_are_answered_in_their_order(shipped, made, tmp_path):
    write_split(tmp_path, "test", made.samples[:12], [0.5] * 12)

    found = evaluate(shipped, data=tmp_path, plots=tmp_path / "out")

    answers = (tmp_path / "out" / "submission.csv").read_text().splitlines()
    assert found["submitted"] == 12
    assert [line.split(",")[0] for line in answers] == ["id", *(f"{k:010x}" for k in range(12))]
    scores = np.array([float(line.split(",")[1]) for line in answers[1:]])
    loud, noise = made.network_snr[:12] > LOUD, made.labels[:12] == 0
    assert scores[loud].min() > scores[noise].max()


def test_rejected_test_segments_are_answered_and_named(shipped, made, tmp_path):
    write_split(tmp_path, "test", silenced(made.samples[:12], 5), [0.5] * 12)

    found = evaluate(shipped, data=tmp_path, plots=tmp_path / "out")

    assert found["submitted"] == 12
    assert found["submittedThoughRejected"] == {
        "count": 1,
        "ids": ["0000000005"],
        "examples": {"0000000005": REASON},
    }
