import pickle

import numpy as np
import pytest

from models.deep_hits.chunks import ChunkError, chunk_files, read_chunk
from tests.models.chunks import chunk, content


@pytest.fixture
def good(candidates):
    return content(candidates)


def write(folder, data):
    path = folder / "chunk_0_512.pkl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_python_2_wrote_is_read(candidates, tmp_path, dtype):
    read = read_chunk(write(tmp_path, chunk(content(candidates, dtype))))

    assert np.array_equal(read.samples, np.nan_to_num(candidates.samples))
    assert np.array_equal(read.labels, candidates.labels)
    assert np.array_equal(read.snr, candidates.snr)


def test_the_pickles_of_these_tests_are_what_pickle_itself_reads(good):
    loaded = pickle.loads(chunk(good), encoding="latin1")  # noqa: S301 - made one line above

    assert all(np.array_equal(loaded[name], values) for name, values in good.items())


@pytest.mark.parametrize("protocol", [2, 4])
def test_what_python_3_wrote_is_read_too(good, tmp_path, protocol):
    read = read_chunk(write(tmp_path, pickle.dumps(good, protocol)))

    assert np.array_equal(read.labels, good["labels"])


def test_the_snr_may_be_missing(good, tmp_path):
    del good["SNRs"]

    assert np.isnan(read_chunk(write(tmp_path, chunk(good))).snr).all()


@pytest.mark.parametrize(
    ("instructions", "name"),
    [
        (b"cposix\nsystem\nU\x05touch\x85R", "posix.system"),
        (b"cos\nsystem\nU\x05touch\x85R", "os.system"),
        (b"c__builtin__\neval\nU\x031+1\x85R", "__builtin__.eval"),
        (b"cnumpy\nload\nU\x01x\x85R", "numpy.load"),
        (b"cnumpy.core.multiarray\nfromfile\nU\x01x\x85R", "numpy.core.multiarray.fromfile"),
        (b"cnumpy\nmatrix\nU\x01x\x85R", "numpy.matrix"),
    ],
)
def test_a_pickle_that_wants_more_than_arrays_is_refused_by_name(
    good, tmp_path, instructions, name
):
    path = write(tmp_path, chunk(good | {"features": instructions}))

    with pytest.raises(ChunkError, match=rf"chunk_0_512\.pkl wants {name}, and a chunk holds"):
        read_chunk(path)


def test_nothing_of_a_refused_pickle_was_run(tmp_path):
    made = tmp_path / "made"
    command = f"touch {made}".encode()
    run = b"cposix\nsystem\nT" + len(command).to_bytes(4, "little") + command + b"\x85R"

    with pytest.raises(ChunkError):
        read_chunk(write(tmp_path, chunk({"labels": run})))

    assert not made.exists()


def test_an_array_of_another_type_is_refused(tmp_path):
    kind = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R"

    with pytest.raises(ChunkError, match="wants an array of type"):
        read_chunk(write(tmp_path, chunk({"labels": kind})))


@pytest.mark.parametrize("length", [0, 1, 100, 30_000])
def test_a_file_that_is_cut_off_is_named(good, tmp_path, length):
    path = write(tmp_path, chunk(good)[:length])

    with pytest.raises(ChunkError, match=r"chunk_0_512\.pkl cannot be read"):
        read_chunk(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": b"N"}, "no array of numbers called 'labels'"),
        ({"sci_images": np.zeros((512, 440), np.float32)}, r"sci_images has shape \(512, 440\)"),
        ({"diff_images": np.zeros((3, 441), np.float32)}, r"not \(512, 441\)"),
        ({"SNRs": np.zeros(3)}, r"SNRs has shape \(3,\), not \(512,\)"),
        ({"labels": np.full(512, 7.0)}, "labels are 0 or 1, not"),
    ],
)
def test_what_is_wrong_with_a_chunk_is_said(good, tmp_path, change, said):
    path = write(tmp_path, chunk(good | change))

    with pytest.raises(ChunkError, match=rf"chunk_0_512\.pkl.*{said}"):
        read_chunk(path)


def test_a_pickle_of_something_else_is_refused(tmp_path):
    with pytest.raises(ChunkError, match="holds a list, not a dict"):
        read_chunk(write(tmp_path, pickle.dumps([1, 2], 2)))


def test_chunks_are_taken_in_the_order_of_their_names(tmp_path):
    for name in ("chunk_10_5.pkl", "chunk_1_5.pkl", "notes.txt"):
        (tmp_path / name).touch()

    assert [path.name for path in chunk_files(tmp_path)] == ["chunk_10_5.pkl", "chunk_1_5.pkl"]


def test_a_folder_without_chunks_is_named(tmp_path):
    with pytest.raises(ChunkError, match="holds no chunk"):
        chunk_files(tmp_path)
