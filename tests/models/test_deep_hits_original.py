"""Deep-HiTS' own way to train, on small chunks of simulated candidates."""

import json
from itertools import islice

import numpy as np
import pytest

from models.artifact import load
from models.deep_hits.chunks import ChunkError
from models.deep_hits.descent import Descent
from models.deep_hits.evaluate import read_predictions
from models.deep_hits.original import train_from_file
from models.deep_hits.parameters import read_parameters
from models.deep_hits.simulate import Candidates, simulate
from models.deep_hits.sources import batches, find_files, load_rows
from models.deep_hits.surveys import HITS
from models.training.checkpoint import CheckpointError
from tests.models.chunks import chunk, content
from tests.models.test_deep_hits_parameters import GOOD

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CHANGES = {
    "n_cand_chunk: 5000": "n_cand_chunk: 110",
    "batch_size: 50": "batch_size: 20",
    "N_train = 1220000": "N_train = 300",
    "N_valid = 100000": "N_valid = 100",
    "N_test = 100000": "N_test = 100",
    "validate_every_batches: 5000": "validate_every_batches: 4",
    "savestep: 25000": "savestep: 6",
    "ini_patience: 100000": "ini_patience: 16",
    "stepsize: 100000": "stepsize: 10",
}


def some(seed, n):
    made = simulate(np.random.default_rng(seed), n, survey=HITS)
    return Candidates(samples=made.samples, labels=made.labels, snr=made.snr, kinds=made.kinds)


@pytest.fixture(scope="module")
def chunks(tmp_path_factory):
    """Chunks of 120 candidates, three to train on."""
    folder = tmp_path_factory.mktemp("data") / "chunks"
    for number, name in enumerate(("train", "train", "train", "validate", "test")):
        (folder / f"chunks_{name}").mkdir(parents=True, exist_ok=True)
        data = chunk(content(some(number, 120)))
        (folder / f"chunks_{name}" / f"chunk_{number}_120.pkl").write_bytes(data)
        (folder / "all").mkdir(exist_ok=True)
        (folder / "all" / f"chunk_{number}_120.pkl").write_bytes(data)
    return folder


@pytest.fixture
def file(chunks, tmp_path):
    """A parameter file for them."""
    text = GOOD.replace("./chunks/", str(chunks))
    for old, new in CHANGES.items():
        text = text.replace(old, new)
    (tmp_path / "input.txt").write_text(text)
    return tmp_path / "input.txt"


def edit(file, old, new):
    file.write_text(file.read_text().replace(old, new))
    return file


def test_only_whole_batches_of_the_first_candidates_of_each_file_are_used(file):
    parameters = read_parameters(file)
    made = batches(find_files(parameters).train, parameters)

    epochs = [next(made).epoch for _ in range(31)]

    assert epochs == [0] * 15 + [1] * 15 + [2]


def test_every_epoch_has_the_same_order(file):
    parameters = read_parameters(file)
    files = find_files(parameters).train
    first, again = next(batches(files, parameters)), next(batches(files, parameters, 15))

    assert np.array_equal(first.inputs, again.inputs)
    assert again.epoch == 1


def test_batches_can_begin_anywhere(file):
    parameters = read_parameters(file)
    files = find_files(parameters).train
    walked = batches(files, parameters)
    for _ in range(22):
        next(walked)

    jumped, walked = next(batches(files, parameters, 22)), next(walked)

    assert np.array_equal(jumped.inputs, walked.inputs)
    assert jumped.epoch == walked.epoch == 1


def test_files_without_a_batch_are_named(file):
    parameters = read_parameters(edit(file, "n_cand_chunk: 110", "n_cand_chunk: 19"))

    with pytest.raises(ChunkError, match=r"no file has a batch of 20: .*chunk_0_120\.pkl"):
        next(batches(find_files(parameters).train, parameters))


def test_the_random_interface_deals_whole_files(file, chunks):
    edit(file, "data_interface: directory", "data_interface: random")
    files = find_files(read_parameters(edit(file, str(chunks), str(chunks / "all"))))

    dealt = [*files.train, *files.validate, *files.test]

    assert [len(part) for part in (files.train, files.validate, files.test)] == [3, 1, 1]
    assert len(set(dealt)) == 5


def test_too_few_candidates_are_refused(file, chunks):
    edit(file, "data_interface: directory", "data_interface: random")
    edit(file, "N_test = 100", "N_test = 200")

    with pytest.raises(ChunkError, match="too few candidates for 300 \\+ 100 \\+ 200"):
        find_files(read_parameters(edit(file, str(chunks), str(chunks / "all"))))


def test_a_validation_has_whole_batches(file):
    parameters = read_parameters(edit(file, "N_valid = 100", "N_valid = 70"))

    inputs, labels, snr = load_rows(find_files(parameters).validate, parameters, 70)

    assert len(inputs) == len(labels) == len(snr) == 60


def test_a_validation_of_more_candidates_than_there_are_is_refused(file):
    parameters = read_parameters(file)

    with pytest.raises(
        ChunkError, match=r"1 chunks of .*chunks_validate have 100 candidates in .* 20, not 130"
    ):
        load_rows(find_files(parameters).validate, parameters, 130)


def test_a_test_set_that_is_too_small_is_refused_before_the_training(file, tmp_path):
    edit(file, "N_test = 100", "N_test = 130")

    with pytest.raises(
        ChunkError, match=r"1 chunks of .*chunks_test have 100 candidates in .* 20, not 130"
    ):
        train_from_file(file, out=tmp_path / "w", runs=tmp_path / "runs", version="2026.0.1")

    assert not (tmp_path / "runs").exists()


def test_a_candidate_that_nothing_can_be_learnt_from_is_named(file, tmp_path):
    arrays = content(some(1, 60))
    arrays["sci_images"][33] = 7
    path = tmp_path / "chunk_0_60.pkl"
    path.write_bytes(chunk(arrays))

    with pytest.raises(ChunkError, match=r"chunk_0_60\.pkl, row 33: the science stamp is constant"):
        list(islice(batches([path], read_parameters(file)), 2))


def test_a_step_is_taken_one_iteration_late(file):
    from models.deep_hits.network import Settings, build

    descent = Descent(build(Settings(dropout=0.0)), read_parameters(file), file.parent)
    rng = np.random.default_rng(0)
    inputs, labels = rng.random((20, 21, 21, 4), np.float32), rng.integers(0, 2, 20)
    weights = [descent.network.get_weights()]
    for _ in range(2):
        descent.step(inputs, labels)
        weights.append(descent.network.get_weights())

    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(weights[1], weights[2], strict=True))


@pytest.mark.slow
def test_a_parameter_file_runs_as_it_is(file, tmp_path):
    runs = tmp_path / "runs"

    artifact = train_from_file(file, out=tmp_path / "weights", runs=runs, version="2026.0.1")

    history = json.loads((runs / "history.json").read_text())
    assert history["iter_val_history"] == list(range(0, history["iter_val_history"][-1] + 1, 4))
    assert (runs / "0_state.npz").exists()
    assert (runs / "6_state.npz").exists()
    assert artifact.manifest["training"]["data"] == "chunks"
    assert artifact.manifest["training"]["iterations"] >= 17  # patience 16 is over after that step
    assert read_predictions(runs / "test_predictions.npz").score.shape == (100,)
    assert load("deep_hits", tmp_path / "weights").version == "2026.0.1"


@pytest.mark.slow
def test_it_goes_on_from_an_iteration_bit_for_bit(file, tmp_path):
    def run(folder, **options):
        train_from_file(file, out=tmp_path / "w", runs=folder, version="2026.0.1", **options)
        history = json.loads((folder / "history.json").read_text())
        return history, read_predictions(folder / "test_predictions.npz").score.tolist()

    whole = run(tmp_path / "runs")
    for late in (tmp_path / "runs").iterdir():
        if late.name not in {"6_state.npz", "12_state.npz"}:
            late.unlink()

    resumed = run(tmp_path / "runs", resume=True)  # from 12, whose validation is in the checkpoint
    edit(file, "resume: None", "resume: 6")

    assert resumed == whole
    assert run(tmp_path / "runs") == whole


def test_an_iteration_without_a_checkpoint_is_named(file, tmp_path):
    edit(file, "resume: None", "resume: 7")

    with pytest.raises(CheckpointError, match=r"7_state\.npz is no whole checkpoint"):
        train_from_file(file, out=tmp_path / "w", runs=tmp_path / "runs", version="2026.0.1")
