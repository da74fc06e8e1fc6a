"""Simulated running strain: the truth about its mergers is what was added to the noise."""

import numpy as np
import pytest

from models.strain_resnet.noise_curves import DETECTORS, asd
from models.strain_resnet.simulate_running import simulate_running
from models.strain_resnet.whitening import SAMPLE_RATE_HZ

SECONDS, MERGERS_S = 30, (8.25, 19.5)


def running(mergers_s=MERGERS_S, **options):
    return simulate_running(np.random.default_rng(5), SECONDS, mergers_s, **options)


@pytest.fixture(scope="module")
def made():
    return running()


@pytest.fixture(scope="module")
def waves(made):
    """What the mergers added, by detector: the noise is drawn before them."""
    noise = running(()).strain
    return {name: made.strain[name] - noise[name] for name in made.strain}


def around(wave, at_s, before_s=2, after_s=1):
    return wave[
        round((at_s - before_s) * SAMPLE_RATE_HZ) : round((at_s + after_s) * SAMPLE_RATE_HZ)
    ]


def optimal_snr(wave, detector):
    frequencies_hz = np.fft.rfftfreq(len(wave), 1 / SAMPLE_RATE_HZ)
    counted = (frequencies_hz >= 20) & (frequencies_hz <= 1000)
    power = np.abs(np.fft.rfft(wave)[counted] / SAMPLE_RATE_HZ) ** 2
    density = asd(detector, frequencies_hz[counted]) ** 2
    return np.sqrt(4 * np.sum(power / density) * SAMPLE_RATE_HZ / len(wave))


def test_a_merger_is_loudest_at_its_time_but_for_the_way_of_light_through_the_earth(made, waves):
    for merger in made.mergers:
        for wave in waves.values():
            loudest = np.argmax(np.abs(around(wave, merger.at_s))) / SAMPLE_RATE_HZ - 2
            assert abs(loudest) < 0.035


def test_the_snr_of_a_merger_is_that_of_its_wave(made, waves):
    for merger in made.mergers:
        found = {name: optimal_snr(around(waves[name], merger.at_s), name) for name in DETECTORS}
        assert merger.snr == pytest.approx(found, rel=0.1)
        assert merger.network_snr == pytest.approx(np.hypot.reduce(list(found.values())), rel=0.1)


def test_the_snr_is_that_of_the_detectors_that_run():
    (merger,) = running([12.0], detectors=("L1", "V1")).mergers

    assert list(merger.snr) == ["L1", "V1"]
    assert merger.network_snr == pytest.approx(np.hypot(*merger.snr.values()))


def test_louder_mergers_are_nearer():
    (one,), (twice,) = (running([12.0], loudness=x).mergers for x in (1.0, 2.0))

    assert twice.network_snr == pytest.approx(2 * one.network_snr)
    assert twice.distance_mpc == pytest.approx(one.distance_mpc / 2)


@pytest.mark.parametrize("at_s", [3.9, SECONDS - 3.9])
def test_a_merger_too_near_an_end_is_refused(at_s):
    with pytest.raises(ValueError, match="is too near an end"):
        running([at_s])
