import numpy as np
import pytest

from models.strain_resnet.noise_curves import asd
from models.strain_resnet.waveform import SOLAR_MASS_S, phenom_a

HERTZ = np.arange(0.25, 1024, 0.25)


def of(*masses):
    """One waveform."""
    return phenom_a(HERTZ, np.array([float(masses[0])]), np.array([float(masses[1])]))


def match(first, second):
    """Overlap of two transforms over 20 to 1000 Hz in LIGO's noise, at the best time and phase."""
    used = (HERTZ >= 20) & (HERTZ <= 1000)
    first, second = (np.where(used, h / asd("H1", HERTZ), 0) for h in (first, second))
    product = np.zeros(2**17, complex)
    product[: len(HERTZ)] = first * second.conj()
    norm = np.sqrt((np.abs(first) ** 2).sum() * (np.abs(second) ** 2).sum())
    return np.abs(np.fft.ifft(product)).max() * len(product) / norm


def transform(chirps):
    return chirps.amplitude[0] * np.exp(-1j * chirps.phase_rad[0])


def test_a_batch_is_its_waveforms_one_by_one():
    both = phenom_a(HERTZ, np.array([36.0, 20.0]), np.array([29.0, 12.0]))

    assert np.allclose(both.amplitude[1], of(20, 12).amplitude[0], rtol=1e-5)
    assert np.allclose(both.phase_rad[1], of(20, 12).phase_rad[0], rtol=1e-9, atol=1e-6)


def test_the_amplitude_falls_as_an_inspiral_and_never_jumps():
    amplitude = of(30, 30).amplitude[0]
    shown = amplitude[(HERTZ > 20) & (HERTZ < 350)]

    assert amplitude[99] / amplitude[199] == pytest.approx(2 ** (7 / 6), rel=1e-4)
    assert np.abs(np.diff(np.log(shown))).max() < 0.05


def test_the_merger_passes_at_time_zero():
    chirps = of(30, 30)
    at = np.argmin(np.abs(HERTZ - chirps.loudest_hz[0]))

    assert chirps.before_merger_s[0, at] == pytest.approx(0, abs=1e-4)


def test_a_light_binary_takes_the_newtonian_time():
    chirp_mass_s = 10 * 2**-0.2 * SOLAR_MASS_S  # of 10 + 10
    at = np.argmin(np.abs(HERTZ - 25.0))
    newtonian_s = 5 / 256 * (np.pi * HERTZ[at]) ** (-8 / 3) * chirp_mass_s ** (-5 / 3)

    assert of(10, 10).before_merger_s[0, at] == pytest.approx(newtonian_s, rel=0.12)


def test_the_time_series_is_loudest_at_time_zero():
    chirps = of(36, 29)
    spectrum = np.concatenate([[0], np.where(HERTZ > 20, transform(chirps), 0)])

    series = np.fft.irfft(spectrum)
    loudest = np.argmax(np.abs(series))

    assert min(loudest, len(series) - loudest) / 2048 < 0.003


def test_its_size_is_that_of_a_binary_at_a_megaparsec():
    """GW150914 (about 400 Mpc, 36 + 29) peaked near 1e-21, face on it would be twice as large."""
    chirps = of(36, 29)
    spectrum = np.concatenate([[0], np.where(HERTZ > 20, transform(chirps), 0)])

    strain = np.abs(np.fft.irfft(spectrum) * 2048 * 1e-21).max() / 400

    assert 7e-22 < strain < 3e-21


def lal_waveform(approximant, *masses):
    """The plus polarisation of LAL on our frequencies; face on, without spin."""
    simulation = pytest.importorskip("lalsimulation", reason="lalsuite is not installed")
    import lal

    plus, _ = simulation.SimInspiralChooseFDWaveform(
        *(mass * lal.MSUN_SI for mass in masses),
        *([0.0] * 6),
        *(1e6 * lal.PC_SI, 0.0, 0.0, 0.0, 0.0, 0.0),
        *(0.25, 10.0, 1024.0, 10.0),
        None,
        getattr(simulation, approximant),
    )
    series = np.zeros(len(HERTZ), complex)
    found = plus.data.data[1 : len(HERTZ) + 1]
    series[: len(found)] = found
    return series


@pytest.mark.parametrize("masses", [(36, 29), (80, 80), (80, 20), (20, 12)])
def test_it_is_lals_imrphenoma(masses):
    """LAL's has the opposite Fourier sign."""
    assert match(lal_waveform("IMRPhenomA", *masses).conj(), transform(of(*masses))) > 0.99


def test_its_amplitude_is_that_of_lal():
    used = (HERTZ > 25) & (HERTZ < 200)

    ratio = np.abs(lal_waveform("IMRPhenomA", 36, 29))[used] * 1e21 / of(36, 29).amplitude[0, used]

    assert np.allclose(ratio, 1, atol=0.02)


@pytest.mark.parametrize(
    ("masses", "least"), [((36, 29), 0.99), ((80, 20), 0.98), ((20, 12), 0.98), ((10, 10), 0.93)]
)
def test_it_follows_a_later_model(masses, least):
    assert match(lal_waveform("IMRPhenomD", *masses), transform(of(*masses))) > least
