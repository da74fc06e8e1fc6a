import h5py
import numpy as np
import pytest

from models.xgamma_pulse.pulse_files import PulseFileError, read_pieces, read_pulses
from tests.models.xgamma_pulse.pulse_writers import FACTS, WRITERS, write_npz


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


@pytest.mark.parametrize("baseline", [40.7, float("nan"), float("inf")])
def test_a_baseline_must_be_a_whole_number(write, pulses, baseline):
    path = write(pulses.waveforms, **FACTS | {"baseline_samples": baseline})

    with pytest.raises(
        PulseFileError, match=f"{path.name}.*baseline_samples is {baseline}, but must be a whole"
    ):
        list(read_pulses(path))


@pytest.mark.parametrize("baseline", [-1, 200, 1e300])
def test_a_baseline_must_lie_in_the_waveform(write, pulses, baseline):
    path = write(pulses.waveforms, **FACTS | {"baseline_samples": baseline})

    with (
        pytest.raises(PulseFileError, match=r"but a waveform has 200 samples"),
        path.open("rb") as file,
    ):
        list(read_pieces(file, path.name))


@pytest.mark.parametrize("full_scale", [float("nan"), float("inf")])
def test_the_end_of_the_digitisers_range_must_be_finite(write, pulses, full_scale):
    path = write(pulses.waveforms, **FACTS | {"full_scale": full_scale})

    with pytest.raises(PulseFileError, match=f"full_scale is {full_scale}, but must be finite"):
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


@pytest.mark.parametrize("header", ["", "Label,0,1,2", "labels,0,1,2", "5.5,6,7,8", "1,2,3,4"])
def test_a_csv_without_its_header_is_refused_and_not_read_a_pulse_or_a_sample_off(tmp_path, header):
    path = tmp_path / "pulses.csv"
    path.write_text(
        f"# sampling_period_ns = 100\n# baseline_samples = 1\n{header}\n1,5.5,6,7\n1,5,6,7\n",
        encoding="utf-8",
    )

    with pytest.raises(PulseFileError, match=f"begins with '{header[:5]}"):
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
