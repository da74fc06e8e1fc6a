import json
import multiprocessing

import numpy as np
import pytest

from models.artifact import MANIFEST, ArtifactError, load

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def edit(folder, **changes):
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest.update(changes)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_what_was_saved_is_loaded(saved):
    loaded = load("deep_hits", saved.folder)

    assert loaded == saved
    assert loaded.version == "2026.0.0"
    assert (loaded.threshold, loaded.false_positive_rate) == (0.5, 0.01)


def test_saving_starts_no_process_that_reports_to_a_server(saved):
    assert not multiprocessing.active_children()


def test_saved_weights_give_the_same_network(untrained, inputs):
    first, second = (untrained.network.build() for _ in range(2))

    first.load_weights(untrained.weights)
    second.load_weights(untrained.weights)

    assert np.array_equal(np.asarray(first(inputs)), np.asarray(second(inputs)))


def test_the_weights_that_come_with_the_project_are_in_order(trained):
    assert trained.network.name == "deep_hits"
    assert trained.network.classes == ("bogus", "real")
    assert 0 < trained.threshold < 1


@pytest.mark.parametrize("file", ["deep_hits.weights.h5", "model.xml", "model.bin"])
def test_a_changed_file_is_named_with_both_hashes(untrained, file):
    path = untrained.folder / file
    stated = untrained.manifest["files"][file]
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    with pytest.raises(ArtifactError, match=rf"{file} has sha256 \w+, but .* {stated}"):
        load("deep_hits", untrained.folder)


@pytest.mark.parametrize("file", ["deep_hits.weights.h5", "model.bin"])
def test_a_missing_file_is_named(untrained, file):
    (untrained.folder / file).unlink()

    with pytest.raises(ArtifactError, match=f"{file} does not exist"):
        load("deep_hits", untrained.folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "shallow_hits"),
        ("classes", ["real", "bogus"]),
        ("sampleShape", [3, 21, 21]),
        ("inputShape", [63, 63, 3]),
    ],
)
def test_a_manifest_of_another_network_is_refused_with_both_values(untrained, key, value):
    edit(untrained.folder, **{key: value})

    with pytest.raises(ArtifactError, match=f"{key} is .* but the network has"):
        load("deep_hits", untrained.folder)


def test_a_weights_hash_that_is_not_the_files_is_refused(untrained):
    edit(untrained.folder, weightsSha256="0" * 64)

    with pytest.raises(ArtifactError, match=r"weightsSha256 is 0{64}, but deep_hits\.weights\.h5"):
        load("deep_hits", untrained.folder)


def test_a_file_that_is_not_listed_is_not_used(untrained):
    files = dict(untrained.manifest["files"])
    del files["model.bin"]
    edit(untrained.folder, files=files)

    with pytest.raises(ArtifactError, match="lists no model"):
        load("deep_hits", untrained.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\N{SNOWMAN}"])
def test_a_manifest_that_cannot_be_read_is_refused(untrained, text):
    (untrained.folder / MANIFEST).write_text(text)

    with pytest.raises(ArtifactError, match=r"manifest\.json"):
        load("deep_hits", untrained.folder)


@pytest.mark.parametrize("key", ["version", "threshold", "falsePositiveRate", "files"])
def test_an_entry_that_is_missing_is_named(untrained, key):
    manifest = {k: v for k, v in untrained.manifest.items() if k != key}
    (untrained.folder / MANIFEST).write_text(json.dumps(manifest))

    with pytest.raises(ArtifactError, match=f"has no '{key}'"):
        load("deep_hits", untrained.folder)


def test_a_folder_without_weights_says_so(tmp_path):
    with pytest.raises(ArtifactError, match="does not exist: train the network first"):
        load("deep_hits", tmp_path)


def test_an_unknown_network_is_refused_with_those_there_are():
    with pytest.raises(ArtifactError, match="'deep_hist': there are deep_hits"):
        load("deep_hist")
