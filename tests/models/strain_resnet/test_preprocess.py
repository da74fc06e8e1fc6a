import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.strain_resnet.preprocess import (
    LIMIT,
    preprocess,
    preprocess_images,
)
from models.strain_resnet.simulate import simulate
from models.strain_resnet.whitening import SAMPLES, WIDE, whiten

BOTH = pytest.mark.parametrize("prepare", [preprocess, preprocess_images])


@pytest.fixture(scope="module")
def quiet():
    """Strain of 24 segments of pure noise."""
    return simulate(np.random.default_rng(5), 24, share=0.0).samples


@BOTH
def test_clean_strain_has_no_quality_to_report(quiet, prepare):
    made = prepare(quiet)

    assert not made.rejected
    assert not any(values.any() for values in made.quality.values())


def test_noise_becomes_white_with_unit_variance(quiet):
    inputs = preprocess(quiet).inputs[:, 200:-200]

    assert inputs.std(axis=(0, 1)) == pytest.approx([1, 1, 1], abs=0.02)
    assert inputs.mean() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("pair", [(40, 80), (100, 200), (120, 400)])
def test_white_noise_is_as_loud_at_every_frequency(quiet, pair):
    spectra = np.abs(np.fft.rfft(preprocess(quiet).inputs, axis=1)) ** 2

    low, high = (spectra[:, 2 * hertz - 20 : 2 * hertz + 20].mean() for hertz in pair)

    assert low == pytest.approx(high, rel=0.12)


def test_nothing_is_left_outside_the_band(quiet):
    spectra = np.abs(np.fft.rfft(preprocess(quiet).inputs, axis=1))

    assert spectra[:, :39].max() < 1e-3 * spectra.max()
    assert spectra[:, 1002:].max() < 1e-3 * spectra.max()


def test_its_square_is_computed_of_scaled_strain(quiet):
    """The square of 1e-21 is no float32: a mean of squares of raw strain would be 0."""
    assert (quiet**2).max() < 1e-38
    assert preprocess(quiet).inputs.std() > 0.9


@BOTH
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("fault", [np.nan, np.inf, -1.0, 3e38])
def test_a_detector_with_a_gap_is_absent(quiet, prepare, number, fault):
    samples = quiet[:2].copy()
    samples[0, number, 700] = fault

    made = prepare(samples)

    assert not made.inputs[0, ..., number].any()
    assert made.quality[f"missing{('H1', 'L1', 'V1')[number]}"].tolist() == [1, 0]
    assert not made.rejected


@BOTH
@pytest.mark.parametrize("value", [0.0, 3e-21])
def test_a_constant_detector_is_absent(quiet, prepare, value):
    samples = quiet[:1].copy()
    samples[0, 2] = value

    made = prepare(samples)

    assert not made.inputs[0, ..., 2].any()
    assert made.quality["missingV1"].tolist() == [1]


@BOTH
def test_an_absent_detector_changes_nothing_of_the_others(quiet, prepare):
    samples = quiet[:1].copy()
    samples[0, 2] = 0

    made, whole = prepare(samples), prepare(quiet[:1])

    assert np.array_equal(made.inputs[..., :2], whole.inputs[..., :2])


@BOTH
def test_without_any_detector_a_sample_is_rejected(quiet, prepare):
    samples = quiet[:2].copy()
    samples[1] = np.nan

    made = prepare(samples)

    assert made.rejected == {1: "no detector has usable strain: H1, L1, V1 are all absent"}
    assert not made.inputs[1].any()
    assert made.quality["nanFraction"].tolist() == [0, 1]


def test_what_is_no_strain_is_counted(quiet):
    samples = quiet[:1].copy()
    samples[0, 0, :1024] = np.nan
    samples[0, 1, :512] = 1.0

    quality = preprocess(samples).quality

    assert quality["nanFraction"][0] == pytest.approx(1024 / (3 * SAMPLES))
    assert quality["hugeFraction"][0] == pytest.approx(512 / (3 * SAMPLES))


def test_a_glitch_is_cut_off_and_reported(quiet):
    samples = quiet[:1].copy()
    samples[0, 0, 2000:2010] += 1e-17 * np.array([1, -1] * 5, np.float32)

    made = preprocess(samples)

    assert np.abs(made.inputs).max() == LIMIT
    assert made.quality["clippedFraction"][0] > 0
    assert made.quality["offLevel"][0] > 1


@pytest.mark.parametrize(("times", "off"), [(1.2, 0), (3, np.log(3 / 1.35)), (0.3, -np.log(0.405))])
def test_noise_of_another_level_is_reported(quiet, times, off):
    quality = preprocess(quiet[:1] * np.float32(times)).quality

    assert quality["offLevel"][0] == pytest.approx(off, abs=0.05)


@BOTH
def test_a_row_does_not_depend_on_its_neighbours(quiet, prepare):
    samples = quiet[:4].copy()
    samples[1] = np.nan
    samples[2, 1] = 0

    together = prepare(samples)

    for row in (0, 3):
        assert np.array_equal(together.inputs[row], prepare(samples[row : row + 1]).inputs[0])


@BOTH
def test_the_sample_is_left_unchanged(quiet, prepare):
    samples = quiet[:2].copy()
    samples[0, 0, 5] = np.nan
    before = samples.copy()

    prepare(samples)

    assert np.array_equal(samples, before, equal_nan=True)


def test_images_and_series_come_of_one_whitening(quiet):
    """The band to 500 Hz of both is the same, but for the scale of its variance."""
    wide = np.fft.rfft(whiten(quiet[:2], WIDE), axis=-1)[..., 40:1001]
    narrow = np.fft.rfft(whiten(quiet[:2]), axis=-1)[..., 40:1001]

    ratio = np.abs(wide / narrow)

    assert np.allclose(ratio, ratio.mean(), rtol=1e-3)


@given(
    arrays.arrays(
        np.float32,
        (2, 3, 8),
        elements=st.floats(width=32) | st.sampled_from([0.0, 1e-21, -3e-21, 1e-12]),
    )
)
@BOTH
def test_it_is_total(prepare, pattern):
    """Any values whatever, in blocks of half a quarter of a second."""
    samples = np.repeat(pattern, SAMPLES // 8, axis=2)

    made = prepare(samples)

    assert np.isfinite(made.inputs).all()
    assert all(np.isfinite(values).all() for values in made.quality.values())
    assert made.inputs.dtype == np.float32
