"""A file of pulses that is damaged, or is laid out otherwise inside, is named with what is wrong."""

import io
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.xgamma_pulse.pulse_files import PulseFileError, read_pieces, read_pulses
from tests.models.xgamma_pulse.pulse_writers import FACTS, WRITERS, write_csv, write_hdf5, write_npz


@pytest.fixture(scope="module")
def whole(pulses, tmp_path_factory):
    """The bytes of a small file of each format."""
    folder = tmp_path_factory.mktemp("whole")
    return {
        name: writer(folder / name, pulses.waveforms[:4], pulses.labels[:4], **FACTS).read_bytes()
        for name, writer in WRITERS.items()
    }


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_flipped_bit_is_an_error_of_the_file_or_harmless(whole, name, data):
    damaged = bytearray(whole[name])
    bit = data.draw(st.integers(0, 8 * len(damaged) - 1))
    damaged[bit // 8] ^= 1 << bit % 8

    try:
        list(read_pieces(io.BytesIO(damaged), name))
    except PulseFileError as error:
        said = str(error)
    else:
        said = f"{name} is read"

    assert said.startswith(name)


def test_an_archive_that_cannot_be_unzipped_is_named_with_the_cause(tmp_path, whole):
    path, data = tmp_path / "pulses.npz", bytearray(whole["pulses.npz"])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        first = file.getinfo("waveforms.npy").header_offset
    lengths = np.frombuffer(data, "<u2", 2, first + 26)  # of the name and of what follows it
    data[first + 30 + int(lengths.sum())] |= 0b110  # a kind of block that deflate does not have
    path.write_bytes(data)

    with pytest.raises(PulseFileError, match=r"pulses\.npz, after pulse 0: .*invalid block type"):
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


@pytest.mark.parametrize("length", [0, 10, 1000])
def test_a_file_that_was_cut_off_is_refused(write, pulses, length):
    path = write(pulses.waveforms, **FACTS)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(PulseFileError, match=path.name):
        list(read_pulses(path))


def test_a_line_that_is_too_short_is_refused(tmp_path, pulses):
    path = write_csv(tmp_path / "pulses.csv", pulses.waveforms, pulses.labels, **FACTS)
    path.write_text(path.read_text(encoding="utf-8") + "1,2,3\n", encoding="utf-8")

    with pytest.raises(PulseFileError, match="a line has 3 columns, but its header 201"):
        list(read_pulses(path))


def test_a_group_in_the_place_of_waveforms_is_refused(tmp_path, pulses):
    path = write_hdf5(tmp_path / "pulses.h5", pulses.waveforms, **FACTS)
    with h5py.File(path, "a") as file:
        file.move("waveforms", "inner")
        file.create_group("waveforms")

    with pytest.raises(PulseFileError, match=r"pulses\.h5, after pulse 0: 'Group' object has no"):
        list(read_pulses(path))


def test_a_fact_that_is_several_numbers_is_refused(tmp_path, pulses):
    facts = FACTS | {"sampling_period_ns": [100.0, 50.0]}
    path = write_hdf5(tmp_path / "pulses.h5", pulses.waveforms, **facts)

    with pytest.raises(PulseFileError, match=r"pulses\.h5, after pulse 0: "):
        list(read_pulses(path))


def test_a_pickle_in_an_npz_is_never_loaded(tmp_path):
    path = tmp_path / "pulses.npz"
    np.savez(path, waveforms=np.array([[object()]]), **FACTS)

    with pytest.raises(PulseFileError, match="must be numbers"):
        list(read_pulses(path))
