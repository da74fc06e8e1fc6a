from contextlib import suppress

import h5py
import numpy as np
import pytest

from models.strain_resnet.buffer_whitening import (
    EDGE_S,
    join_detectors,
    median_psd,
    sliding_windows,
    whiten_buffer,
)
from models.strain_resnet.gwosc import GwoscError, read_gwosc

EVENTS = {"GW150914": (1126259446, 1126259462.42), "LVT151012": (1128678884, 1128678900.44)}

INNER = slice(2048, -2048)


@pytest.fixture(scope="module")
def coloured():
    """32 s of strain at 4096 Hz, a thousand times as loud below 20 Hz as above, with a line."""
    rng = np.random.default_rng(3)
    hertz = np.fft.rfftfreq(32 * 4096, 1 / 4096)
    size = 2.6e-19 * (1 + 1e3 / (1 + (hertz / 12) ** 8))
    spectrum = size * (rng.standard_normal(len(hertz)) + 1j * rng.standard_normal(len(hertz)))
    line = 3e-22 * np.sin(2 * np.pi * 60 * np.arange(32 * 4096) / 4096)
    return np.fft.irfft(spectrum) + line


def strain_file(folder, event, detector):
    return folder / "strain" / f"{detector[0]}-{detector}_LOSC_4_V2-{EVENTS[event][0]}-32.hdf5"


def test_whitened_noise_has_unit_variance(coloured):
    white = whiten_buffer(coloured, 4096)

    assert len(white) == 32 * 1024
    assert white[INNER].std() == pytest.approx(1, abs=0.03)


def test_every_frequency_is_as_loud(coloured):
    hertz, density = median_psd(whiten_buffer(coloured, 4096)[INNER].astype(float), 1024)

    bands = [density[(hertz > low) & (hertz < low + 60)].mean() for low in (22, 100, 200, 300, 430)]

    assert np.allclose(bands, np.mean(bands), rtol=0.15)


def test_the_rate_does_not_matter(coloured):
    """What is above 512 Hz is not kept, whatever the rate it came at."""
    twice = np.fft.irfft(np.fft.rfft(coloured), n=2 * len(coloured)) * 2

    white, again = whiten_buffer(coloured, 4096), whiten_buffer(twice, 8192)

    assert np.allclose(white[INNER], again[INNER], atol=0.02)


def test_one_loud_event_does_not_move_the_noise(coloured):
    times_s = np.arange(len(coloured)) / 4096
    event = 3e-20 * np.exp(-(((times_s - 15) / 0.02) ** 2)) * np.sin(2 * np.pi * 120 * times_s)

    white, loud = whiten_buffer(coloured, 4096), whiten_buffer(coloured + event, 4096)

    assert np.abs(loud).argmax() == pytest.approx(15 * 1024, abs=40)
    assert loud[4096:12000].std() == pytest.approx(white[4096:12000].std(), rel=0.05)


def test_a_median_of_spectra_has_no_bias():
    rng = np.random.default_rng(2)

    density = np.mean([median_psd(rng.standard_normal(16 * 1024), 1024)[1] for _ in range(6)], 0)

    assert density[10:-10].mean() == pytest.approx(2 / 1024, rel=0.03)


@pytest.mark.parametrize(
    ("change", "rate_hz", "message"),
    [
        (lambda x: x[: 4096 * 10], 4096, "10 s of strain are less than 16 s"),
        (lambda x: np.where(np.arange(len(x)) < 7, np.nan, x), 4096, "7 of 131072 samples are no"),
        (lambda x: np.ones(len(x)), 4096, "the strain is 1.0 throughout"),
        (lambda x: x, 512, "512 Hz is below 1024 Hz"),
        (lambda x: x[:-3], 4096, "131069 samples at 4096 Hz are no even number at 1024 Hz"),
    ],
)
def test_a_buffer_that_cannot_be_whitened_is_refused(coloured, change, rate_hz, message):
    with pytest.raises(ValueError, match=message):
        whiten_buffer(change(coloured), rate_hz)


def test_an_absent_detector_is_zeros():
    white = join_detectors({"L1": np.ones(8, np.float32), "H1": np.full(8, 2, np.float32)})

    assert white[0].tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    "series",
    [
        {},
        {"K1": np.ones(8, np.float32)},
        {"H1": np.ones(8, np.float32), "L1": np.ones(9, np.float32)},
    ],
)
def test_series_that_do_not_belong_together_are_refused(series):
    with pytest.raises(ValueError, match="series must be of H1, L1, V1 and of one length"):
        join_detectors(series)


def test_windows_follow_each_other_at_the_stride():
    ramp = np.repeat(np.arange(16 * 1024, dtype=np.float32)[:, None] / 1e6, 3, axis=1)

    inputs, starts_s = sliding_windows(ramp, stride_s=0.25)

    assert starts_s[0] == EDGE_S
    assert np.allclose(np.diff(starts_s), 0.25)
    assert starts_s[-1] <= 16 - EDGE_S - 2
    assert np.allclose(inputs[:, 1024, 0] * 1e6, starts_s * 1024 + 1024, rtol=1e-5)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("detector", ["H1", "L1"])
def test_real_strain_becomes_white(survey_data, event, detector):
    read = read_gwosc(strain_file(survey_data, event, detector))

    white = whiten_buffer(read.strain, read.sample_rate_hz)

    assert read.detector == detector
    assert white[INNER].std() == pytest.approx(1, abs=0.03)


def test_gw150914_stands_out_of_whitened_strain_at_its_time(survey_data):
    start_s, merger_s = EVENTS["GW150914"]
    read = read_gwosc(strain_file(survey_data, "GW150914", "H1"))

    white = np.abs(whiten_buffer(read.strain, read.sample_rate_hz))
    loudest_s = start_s + white[INNER].argmax() / 1024 + 2

    assert loudest_s == pytest.approx(merger_s, abs=0.02)


def test_bytes_are_read_as_a_file_is(survey_data):
    path = strain_file(survey_data, "GW150914", "L1")

    assert np.array_equal(read_gwosc(path.read_bytes()).strain, read_gwosc(path).strain)


def write_strain(path, **changes):
    values = {
        "spacing_s": 1 / 4096,
        "start_s": 1000,
        "strain": np.arange(8.0),
        "description": np.bytes_("?"),
    } | changes
    with h5py.File(path, "w") as file:
        file["strain/Strain"] = values["strain"]
        file["strain/Strain"].attrs["Xspacing"] = values["spacing_s"]
        file["strain/Strain"].attrs["Xstart"] = values["start_s"]
        file["meta/Detector"] = np.bytes_("H1")
        file["meta/Description"] = values["description"]
        file["quality/simple/DQmask"] = np.array([127])
    return path


def test_a_file_is_read_with_its_start_and_rate(tmp_path):
    read = read_gwosc(write_strain(tmp_path / "a.hdf5"))

    assert (read.detector, read.gps_start_s, read.sample_rate_hz) == ("H1", 1000.0, 4096)
    assert read.data_quality.tolist() == [127]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spacing_s": 0.3}, "the spacing of 0.3 s is no whole rate"),
        ({"spacing_s": 0.0}, "the spacing of 0.0 s is no whole rate"),
        ({"spacing_s": np.inf}, "the spacing of inf s is no whole rate"),
        ({"spacing_s": "a"}, r"a.hdf5 is no strain file of GWOSC: could not convert .*'a'"),
        ({"start_s": np.nan}, r"a.hdf5: the first sample is at GPS nan, which is no time"),
        ({"start_s": np.inf}, r"a.hdf5: the first sample is at GPS inf, which is no time"),
        ({"strain": np.zeros((2, 2))}, r"strain has the shape \(2, 2\)"),
        ({"description": [b"a", b"b"]}, r"meta/Description has the shape \(2,\)"),
    ],
)
def test_a_strange_file_is_named_with_its_value(tmp_path, changes, message):
    with pytest.raises(GwoscError, match=message):
        read_gwosc(write_strain(tmp_path / "a.hdf5", **changes))


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all"])
def test_what_is_no_hdf5_is_refused(tmp_path, content):
    (tmp_path / "a.hdf5").write_bytes(content)

    with pytest.raises(GwoscError, match=r"a.hdf5 is no strain file"):
        read_gwosc(tmp_path / "a.hdf5")


def test_a_group_where_numbers_should_be_is_named(tmp_path):
    path = write_strain(tmp_path / "a.hdf5")
    with h5py.File(path, "a") as file:
        del file["quality/simple/DQmask"]
        file.create_group("quality/simple/DQmask")

    with pytest.raises(GwoscError, match=r"a.hdf5 is no strain file of GWOSC: 'Group' object"):
        read_gwosc(path)


def test_a_heap_that_the_library_would_follow_for_ever_is_refused(tmp_path):
    path = write_strain(tmp_path / "a.hdf5", description="text of any length")
    endless = bytearray(path.read_bytes())
    heap = endless.index(b"GCOL")
    endless[heap + 16 : heap + 32] = bytes(16)  # free space of length 0
    path.write_bytes(endless)

    with pytest.raises(GwoscError, match=rf"a.hdf5 is damaged: 0 bytes at byte {heap + 16} of a"):
        read_gwosc(path)


def test_a_flipped_bit_raises_nothing_else(tmp_path):
    intact = write_strain(tmp_path / "a.hdf5").read_bytes()

    for bit in range(3, 8 * len(intact), 408):
        flipped = bytearray(intact)
        flipped[bit // 8] ^= 1 << bit % 8
        with suppress(GwoscError):
            assert read_gwosc(bytes(flipped)).sample_rate_hz > 0
