import numpy as np
import pytest

from models.strain_resnet.noise_curves import asd
from models.strain_resnet.simulate import SYNTHESIS, noise
from models.strain_resnet.whitening import SAMPLE_RATE_HZ, STRAIN_SCALE

FILES = {"H1": "aligo_O4high.txt", "L1": "aligo_O4high.txt", "V1": "avirgo_O4high_NEW.txt"}


@pytest.fixture(params=FILES)
def published(request, survey_data):
    """Name of a detector, and frequency and density of its published curve in 20 to 1000 Hz."""
    curve = np.loadtxt(survey_data / "g2net_noise" / FILES[request.param])
    return request.param, curve[(curve[:, 0] >= 20) & (curve[:, 0] <= 1000)]


def test_a_curve_is_within_five_percent_of_the_published_one(published):
    name, curve = published

    off = np.log(asd(name, curve[:, 0]) / curve[:, 1])

    assert off.std() < 0.02
    assert np.abs(off).max() < 0.055


@pytest.mark.parametrize(
    ("name", "hertz", "density"),
    [
        *(("H1", f, d) for f, d in ((20, 4.4e-23), (50, 5.5e-24), (200, 3.2e-24), (1000, 4.6e-24))),
        *(("V1", f, d) for f, d in ((20, 9.6e-23), (50, 8.2e-24), (200, 4.9e-24), (1000, 7.9e-24))),
    ],
)
def test_a_curve_has_the_values_that_are_quoted(name, hertz, density):
    assert asd(name, np.array([float(hertz)]))[0] == pytest.approx(density, rel=0.06)


@pytest.mark.parametrize(("name", "line_hz", "times"), [("L1", 60.01, 3), ("V1", 438.07, 2)])
def test_the_narrow_lines_are_there(name, line_hz, times):
    on, beside = asd(name, np.array([line_hz, line_hz + 4]))

    assert on > times * beside


def test_a_curve_stays_level_where_it_was_not_published():
    below, first = asd("H1", np.array([0.0, 10.2]))

    assert below == first


def test_an_unknown_detector_is_named():
    with pytest.raises(ValueError, match="no noise curve for 'K1'"):
        asd("K1", np.array([100.0]))


@pytest.mark.parametrize("detector", [0, 1, 2])
def test_simulated_noise_has_the_density_of_the_curve(detector):
    frequencies_hz = np.fft.rfftfreq(SYNTHESIS, 1 / SAMPLE_RATE_HZ)
    spectra = noise(np.random.default_rng(8), 64)[:, detector] / STRAIN_SCALE
    density = (np.abs(spectra.astype(complex)) ** 2).mean(axis=0)
    density *= 2 / (SAMPLE_RATE_HZ * SYNTHESIS)

    ratio = density / asd(("H1", "L1", "V1")[detector], frequencies_hz) ** 2
    bands = ratio[80:4000].reshape(-1, 98).mean(axis=1)

    # 98 bins of 64 spectra: each mean scatters by 1.3 %
    assert np.allclose(bands, 1, atol=0.06)
    assert not spectra[:, frequencies_hz < 10].any()
