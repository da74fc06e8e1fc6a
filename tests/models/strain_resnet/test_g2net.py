from contextlib import suppress

import numpy as np
import pytest

from models.strain_resnet.g2net import (
    G2NetError,
    read_labels,
    read_segment,
    segment_path,
    segments,
    write_submission,
)

IDS = ("0123456789", "00000e74ad", "fedcba9876")


@pytest.fixture
def folder(tmp_path):
    """A folder as it is downloaded, with three segments of either split."""
    rng = np.random.default_rng(1)
    for split in ("train", "test"):
        for segment_id in IDS:
            path = segment_path(tmp_path, split, segment_id)
            path.parent.mkdir(parents=True)
            np.save(path, rng.normal(0, 7e-21, (3, 4096)))
    lines = [f"{segment_id},{label}" for segment_id, label in zip(IDS, "101", strict=True)]
    (tmp_path / "training_labels.csv").write_text("\n".join(["id,target", *lines]) + "\n")
    lines = [f"{segment_id},0.5" for segment_id in IDS]
    (tmp_path / "sample_submission.csv").write_text("\n".join(["id,target", *lines]) + "\n")
    return tmp_path


def test_segments_come_in_the_order_of_the_list_with_their_labels(folder):
    read = list(segments(folder))

    assert [segment.segment_id for segment in read] == list(IDS)
    assert [segment.label for segment in read] == [1, 0, 1]


def test_strain_is_that_of_the_file_in_single_precision(folder):
    expected = np.load(folder / "train/0/1/2/0123456789.npy")

    strain = next(segments(folder)).strain

    assert strain.dtype == np.float32
    assert np.allclose(strain, expected, rtol=1e-6, atol=0)


def test_the_test_split_has_no_labels(folder):
    assert [segment.label for segment in segments(folder, split="test")] == [None] * 3


def test_reading_is_streaming(folder):
    """A segment is read when it is reached, so a missing one does not hide those before it."""
    segment_path(folder, "train", IDS[2]).unlink()

    reading = segments(folder)

    assert [next(reading).segment_id for _ in range(2)] == list(IDS[:2])
    with pytest.raises(G2NetError, match=r"f/e/d/fedcba9876.npy cannot be read"):
        next(reading)


def test_an_unknown_split_is_named(folder):
    with pytest.raises(ValueError, match="train, test, not 'validate'"):
        next(segments(folder, split="validate"))


def test_a_missing_list_is_named(tmp_path):
    with pytest.raises(G2NetError, match=r"training_labels.csv cannot be read"):
        next(segments(tmp_path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,target\n", r"begins with \['name', 'target'\]"),
        ("", r"begins with \[\]"),
        ("id,target\n0123456789\n", r"line 2 has 1 values, not 2"),
        ("id,target\n../../etc/x,1\n", r"line 2: '../../etc/x' is not an id"),
        ("id,target\n0123456789,yes\n", r"line 2: the target 'yes' is no number"),
        ("id,target\n0123456789,1\n00000e74ad,0.5\n", r"line 3: the target '0.5' is not 0 or 1"),
        ("id,target\n0123456789,nan\n", r"line 2: the target 'nan' is not 0 or 1"),
    ],
)
def test_a_wrong_line_is_named_with_its_value(tmp_path, text, message):
    (tmp_path / "labels.csv").write_text(text)

    with pytest.raises(G2NetError, match=message):
        list(read_labels(tmp_path / "labels.csv"))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 4096)), r"holds float64 of shape \(2, 4096\), not floats of \(3, 4096\)"),
        (np.zeros((3, 4096), int), r"holds int64 of shape"),
    ],
)
def test_an_array_of_another_kind_is_named(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)

    with pytest.raises(G2NetError, match=message):
        read_segment(tmp_path / "a.npy")


def test_a_file_that_would_run_code_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(G2NetError, match=r"a.npy cannot be read"):
        read_segment(tmp_path / "a.npy")


@pytest.mark.parametrize("length", [0, 20, 5000])
def test_a_file_that_was_cut_off_is_named(folder, length):
    path = segment_path(folder, "train", IDS[0])
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(G2NetError, match=r"0123456789.npy cannot be read"):
        next(segments(folder))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x93NUM", b"PK\x03\x04"),  # an archive
        (b"(3, 4096)", b"(3, 4096("),
    ],
)
def test_a_damaged_file_is_named_whatever_it_makes_numpy_raise(folder, old, new):
    path = segment_path(folder, "train", IDS[0])
    path.write_bytes(path.read_bytes().replace(old, new, 1))

    with pytest.raises(G2NetError, match=r"0123456789.npy cannot be read"):
        read_segment(path)


def test_a_flipped_bit_of_the_header_raises_nothing_else(folder):
    path = segment_path(folder, "train", IDS[0])
    intact = path.read_bytes()

    for bit in range(0, 128 * 8, 3):
        flipped = bytearray(intact)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        with suppress(G2NetError):
            assert read_segment(path).shape == (3, 4096)


def test_a_submission_is_read_back_as_it_was_written(tmp_path):
    path = tmp_path / "submission.csv"

    written = write_submission(path, zip(IDS, (0.25, 1.0, 1e-7), strict=True))

    assert written == 3
    assert path.read_text().splitlines()[0] == "id,target"
    assert list(read_labels(path, binary=False)) == list(zip(IDS, (0.25, 1.0, 1e-7), strict=True))


@pytest.mark.parametrize("score", [float("nan"), -0.1, 1.5])
def test_a_score_that_is_no_probability_leaves_no_submission(tmp_path, score):
    with pytest.raises(G2NetError, match="the score of 0123456789 is"):
        write_submission(tmp_path / "submission.csv", [(IDS[0], score)])

    assert not (tmp_path / "submission.csv").exists()


def test_an_id_that_comes_twice_is_named(tmp_path):
    with pytest.raises(G2NetError, match="'0123456789' is no id or came before"):
        write_submission(tmp_path / "submission.csv", [(IDS[0], 0.5), (IDS[0], 0.5)])
