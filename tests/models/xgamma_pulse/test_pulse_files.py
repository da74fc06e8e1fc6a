import zipfile

import h5py
import numpy as np
import pytest

from models.xgamma_pulse.pulse_files import PulseFileError, read_pulses
from models.xgamma_pulse.simulate import simulate

FACTS = {"sampling_period_ns": 100.0, "baseline_samples": 40, "full_scale": 4095}


@pytest.fixture(scope="module")
def pulses():
    return simulate(np.random.default_rng(1), 25)


def write_hdf5(path, waveforms, labels=None, **facts):
    with h5py.File(path, "w") as file:
        file.create_dataset("waveforms", data=waveforms)
        if labels is not None:
            file.create_dataset("labels", data=labels)
        file.attrs.update(facts)
    return path


def write_npz(path, waveforms, labels=None, **facts):
    np.savez_compressed(path, waveforms=waveforms, **facts)
    if labels is not None:
        np.savez_compressed(path, waveforms=waveforms, labels=labels, **facts)
    return path


def write_csv(path, waveforms, labels=None, **facts):
    lines = [f"# {name} = {value}" for name, value in facts.items()]
    names = [str(number) for number in range(waveforms.shape[1])]
    lines.append(",".join(names if labels is None else ["label", *names]))
    for row, waveform in enumerate(waveforms):
        numbers = [str(value) for value in waveform]
        lines.append(",".join(numbers if labels is None else [str(labels[row]), *numbers]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


WRITERS = {"pulses.h5": write_hdf5, "pulses.npz": write_npz, "pulses.csv": write_csv}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """Write a file of each format; the path is chosen."""
    path, writer = tmp_path / request.param, WRITERS[request.param]
    return lambda *arguments, **facts: writer(path, *arguments, **facts)


def test_a_file_gives_its_pulses_piece_by_piece(write, pulses):
    path = write(pulses.waveforms, pulses.labels, **FACTS)

    pieces = list(read_pulses(path, 10))

    assert [piece.first for piece in pieces] == [0, 10, 20]
    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), pulses.waveforms)
    assert np.array_equal(np.concatenate([piece.labels for piece in pieces]), pulses.labels)


def test_labels_may_be_left_out(write, pulses):
    pieces = list(read_pulses(write(pulses.waveforms, **FACTS)))

    assert pieces[0].labels is None


def test_labels_may_be_words(tmp_path, pulses):
    words = np.where(pulses.labels == 1, "gamma_ray", "x_ray")
    path = write_npz(tmp_path / "pulses.npz", pulses.waveforms, words, **FACTS)

    assert np.array_equal(next(read_pulses(path)).labels, pulses.labels)


def test_other_sampling_periods_are_brought_to_the_networks(write, pulses):
    fast = np.repeat(pulses.waveforms, 4, axis=1)
    path = write(fast, sampling_period_ns=25, baseline_samples=160)

    assert next(read_pulses(path)).samples == pytest.approx(pulses.waveforms.astype(np.float32))


def test_the_end_of_the_digitisers_range_is_saturated(write, pulses):
    waveforms = pulses.waveforms.copy()
    waveforms[3, 100] = 4095
    path = write(waveforms, **FACTS)

    saturated = np.isinf(next(read_pulses(path)).samples)

    assert np.argwhere(saturated).tolist() == [[3, 100]]


@pytest.mark.parametrize("missing", ["sampling_period_ns", "baseline_samples"])
def test_a_file_must_say_how_it_was_sampled(write, pulses, missing):
    facts = {name: value for name, value in FACTS.items() if name != missing}
    path = write(pulses.waveforms, **facts)

    with pytest.raises(PulseFileError, match=f"{path.name} has no {missing}"):
        list(read_pulses(path))


def test_an_unknown_label_is_named(write, pulses):
    labels = pulses.labels.copy()
    labels[7] = 2
    path = write(pulses.waveforms, labels, **FACTS)

    with pytest.raises(PulseFileError, match="a label is '2', but must be one of 0, 1, x_ray"):
        list(read_pulses(path))


@pytest.mark.parametrize("name", ["pulses.h5", "pulses.npz"])
def test_there_must_be_a_label_for_each_waveform(tmp_path, pulses, name):
    path = WRITERS[name](tmp_path / name, pulses.waveforms, pulses.labels[:-1], **FACTS)

    with pytest.raises(PulseFileError, match="but there are 25 waveforms"):
        list(read_pulses(path))


@pytest.mark.parametrize("name", ["pulses.h5", "pulses.npz"])
def test_waveforms_must_be_there(tmp_path, pulses, name):
    path = WRITERS[name](tmp_path / name, pulses.waveforms, **FACTS)
    if path.suffix == ".npz":
        np.savez(path, **FACTS)
    else:
        with h5py.File(path, "a") as file:
            del file["waveforms"]

    with pytest.raises(PulseFileError, match=f"{name} has no waveforms"):
        list(read_pulses(path))


@pytest.mark.parametrize("name", ["pulses.h5", "pulses.npz"])
def test_a_single_waveform_without_its_axis_is_refused(tmp_path, pulses, name):
    path = WRITERS[name](tmp_path / name, pulses.waveforms[0], **FACTS)

    with pytest.raises(PulseFileError, match=r"waveforms have shape \(200,\)"):
        list(read_pulses(path))


def test_a_line_that_is_too_short_is_refused(tmp_path, pulses):
    path = write_csv(tmp_path / "pulses.csv", pulses.waveforms, pulses.labels, **FACTS)
    path.write_text(path.read_text(encoding="utf-8") + "1,2,3\n", encoding="utf-8")

    with pytest.raises(PulseFileError, match="a line has 3 columns, but its header 201"):
        list(read_pulses(path))


@pytest.mark.parametrize("length", [0, 10, 1000])
def test_a_file_that_was_cut_off_is_refused(write, pulses, length):
    path = write(pulses.waveforms, **FACTS)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(PulseFileError, match=path.name):
        list(read_pulses(path))


def test_a_pickle_in_an_npz_is_never_loaded(tmp_path):
    path = tmp_path / "pulses.npz"
    np.savez(path, waveforms=np.array([[object()]]), **FACTS)

    with pytest.raises(PulseFileError, match="must be numbers"):
        list(read_pulses(path))


def test_an_archive_that_lacks_its_last_rows_is_refused(tmp_path, pulses):
    whole = write_npz(tmp_path / "whole.npz", pulses.waveforms, **FACTS)
    path = tmp_path / "pulses.npz"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[:-400] if name == "waveforms.npy" else data)

    with pytest.raises(PulseFileError, match="waveforms end within rows 0 to 25"):
        list(read_pulses(path))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PulseFileError, match=r"none\.csv does not exist"):
        list(read_pulses(tmp_path / "none.csv"))


@pytest.mark.parametrize("data", [b"hello", b"", b"\x89PNG"])
def test_another_kind_of_file_is_refused(tmp_path, data):
    path = tmp_path / "pulses.h5"
    path.write_bytes(data)

    with pytest.raises(PulseFileError, match=r"pulses.h5 is none of HDF5, NPZ and CSV"):
        list(read_pulses(path))


def test_a_file_is_known_by_its_content(write, pulses):
    path = write(pulses.waveforms, **FACTS)
    renamed = path.rename(path.with_suffix(".dat"))

    assert np.array_equal(next(read_pulses(renamed)).samples, pulses.waveforms)


def test_a_file_without_pulses_is_refused(write, pulses):
    with pytest.raises(PulseFileError, match="holds no pulse"):
        list(read_pulses(write(pulses.waveforms[:0], **FACTS)))
