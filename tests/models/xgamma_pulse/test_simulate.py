from dataclasses import replace

import numpy as np
import pytest

from models.xgamma_pulse import detector
from models.xgamma_pulse.chain import Chain
from models.xgamma_pulse.noise import enc_of, noise
from models.xgamma_pulse.rise_time import fit, rise_time_us
from models.xgamma_pulse.simulate import SPLITS, block, simulate

N = 4000

CLEAN = Chain(
    enc_e=1e-3,
    slope_e_per_us=0.0,
    pile_up=0.0,
    gain_spread=0.0,
    bits=16,
    decay_us=1e6,
    phase_us=0.0,
)
"""An instrument without noise, decay or second pulses."""


@pytest.fixture(scope="module")
def pulses():
    return simulate(np.random.default_rng(1), N)


@pytest.fixture(scope="module")
def clean():
    return simulate(np.random.default_rng(2), N, CLEAN)


def heights(pulses, chain):
    """Size of each pulse [e-]."""
    counts = pulses.waveforms.astype(float)
    tail, baseline = counts[:, -10:].mean(axis=1), counts[:, :30].mean(axis=1)
    return (tail - baseline) * chain.range_e / (2**chain.bits - 1)


def fine_rise_us(share, times):
    """10-90 % rise of curves on a fine grid [us]."""
    return np.array([np.interp(0.9, s, times) - np.interp(0.1, s, times) for s in share])


def test_a_step_rises_within_50_to_300_ns():
    rise = detector.draw_rise_us(np.random.default_rng(3), 500)
    times = np.arange(0, 3, 0.002, dtype=np.float32)
    share = detector.collected_in_silicon(np.tile(times, (500, 1)), rise)

    measured = fine_rise_us(share, times)

    assert measured == pytest.approx(rise, rel=0.05)
    assert 0.05 <= measured.min() < 0.12
    assert 0.28 < measured.max() <= 0.31


@pytest.mark.parametrize(
    ("crystal", "shortest", "longest"), [(detector.CSI, 4.0, 6.0), (detector.GAGG, 0.2, 0.6)]
)
def test_light_rises_as_its_crystal_does(crystal, shortest, longest):
    rng, times = np.random.default_rng(4), np.arange(0, 40, 0.01, dtype=np.float32)
    share = detector.collected_from_light(
        np.tile(times, (200, 1)),
        rng.uniform(*crystal.fast_us, 200).astype(np.float32),
        crystal.slow_us,
        rng.uniform(*crystal.fast_share, 200).astype(np.float32),
    )

    measured = fine_rise_us(share, times)

    assert shortest < measured.min()
    assert measured.max() < longest


def test_nothing_arrives_before_the_interaction_and_all_of_it_after():
    times = np.array([[-1.0, 0.0, 60.0]], np.float32)
    one = np.ones(1, np.float32)
    light = detector.collected_from_light(times, 0.7 * one, 3.3, 0.55 * one)
    step = detector.collected_in_silicon(times, 0.1 * one)

    assert light[0] == pytest.approx([0, 0, 1], abs=1e-5)
    assert step[0] == pytest.approx([0, 0, 1], abs=0.02)


def test_the_measured_rise_times_of_the_classes_do_not_meet_without_noise(clean):
    rise = rise_time_us(clean.waveforms, 1)

    assert rise[clean.labels == 0].max() < 0.5
    assert np.quantile(rise[clean.labels == 1], 0.01) > 3


def test_a_kev_gives_274_electrons_in_silicon_and_20_to_30_as_light(pulses):
    ratio = pulses.electrons / pulses.energy_kev

    assert ratio[pulses.labels == 0] == pytest.approx(274, rel=1e-3)
    light = ratio[pulses.labels == 1]
    assert 20 <= light.min() < 20.5
    assert 29.5 < light.max() <= 30
    assert light.mean() == pytest.approx(25, rel=0.01)


def test_both_classes_have_the_same_crab_like_amplitudes(pulses):
    light, step = (np.log(pulses.electrons[pulses.labels == label]) for label in (1, 0))

    assert light.mean() == pytest.approx(step.mean(), abs=0.05)
    assert pulses.electrons.min() >= 375
    assert pulses.electrons.max() <= 8219
    assert np.median(pulses.electrons) == pytest.approx(375 * 2 ** (1 / 1.1), rel=0.05)


def test_a_pulse_is_as_high_as_its_charge(clean):
    steps = clean.labels == 0

    measured = heights(clean, CLEAN)

    assert measured[steps] == pytest.approx(clean.electrons[steps], rel=2e-3)


def test_light_fluctuates_as_counted_electrons_do(clean):
    light = clean.labels == 1
    arrived = 0.995  # share of the light at the end of the waveform

    pull = (heights(clean, CLEAN) - arrived * clean.electrons)[light] / np.sqrt(
        clean.electrons[light]
    )

    assert pull.mean() == pytest.approx(0, abs=0.15)
    assert pull.std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("flicker", [0.0, 0.5, 1.0])
def test_the_noise_has_the_enc_that_was_asked_for(flicker):
    drawn = noise(np.random.default_rng(5), 8000, 200, 80.0, flicker)

    assert enc_of(drawn) == pytest.approx(80, rel=0.03)


def test_white_noise_is_flat_and_flicker_falls_as_one_over_f():
    def power(flicker):
        drawn = noise(np.random.default_rng(6), 4000, 200, 1.0, flicker)
        window = np.hanning(200)
        return (np.abs(np.fft.rfft(drawn * window, axis=1)) ** 2).mean(axis=0)

    white, pink = power(0.0), power(1.0)

    assert white[5] == pytest.approx(white[80], rel=0.1)
    assert pink[5] / pink[80] == pytest.approx(80 / 5, rel=0.15)


def test_the_baseline_is_as_noisy_as_the_chain_says(pulses):
    quiet = pulses.waveforms[~pulses.piled_up, :32].astype(float)
    chain = Chain()

    measured = enc_of(quiet) * chain.range_e / 2**chain.bits

    assert measured == pytest.approx(chain.enc_e, rel=0.05)


def test_as_many_pulses_pile_up_as_the_chain_says(pulses):
    assert pulses.piled_up.mean() == pytest.approx(0.03, abs=0.009)  # three sigma


def test_a_second_pulse_adds_its_charge():
    chain = replace(CLEAN, pile_up=1.0, range_e=20_000.0)
    two = simulate(np.random.default_rng(7), 500, chain)

    more = heights(two, chain) - two.electrons

    assert np.median(more) > 300


def test_the_amplifier_decays_with_its_time_constant():
    chain = replace(CLEAN, decay_us=50.0)
    made = simulate(np.random.default_rng(8), 500, chain)
    steps = made.waveforms[made.labels == 0].astype(float)
    steps -= steps[:, :30].mean(axis=1, keepdims=True)

    ratio = steps[:, 190].sum() / steps[:, 60].sum()

    assert ratio == pytest.approx(np.exp(-13.0 / 50), rel=0.01)


def test_the_interaction_has_a_random_phase_about_the_trigger(pulses):
    off = pulses.interaction_us - 4.0

    assert np.abs(off).max() <= 0.5
    assert off.std() == pytest.approx(1 / np.sqrt(12), rel=0.05)


def test_counts_stay_in_the_digitisers_range(pulses):
    assert pulses.waveforms.max() <= 4095


def test_gagg_is_faster_than_csi():
    made = simulate(np.random.default_rng(9), 500, replace(CLEAN, scintillator="gagg"))

    rise = rise_time_us(made.waveforms, 1)[made.labels == 1]

    assert np.median(rise) < 0.6


@pytest.mark.parametrize("split", SPLITS)
def test_a_block_is_the_same_whenever_it_is_asked_for(split):
    assert np.array_equal(block(1, split, 3, 50).waveforms, block(1, split, 3, 50).waveforms)


def test_no_split_shares_a_pulse_with_another():
    made = [block(1, split, number, 50).waveforms for split in SPLITS for number in range(3)]

    assert len(np.unique(np.concatenate(made), axis=0)) == 9 * 50


@pytest.mark.slow
def test_a_plain_rise_time_cut_is_right_for_80_to_85_of_100():
    known, new = (block(11, split, 0, 10_000) for split in ("train", "validation"))

    right = fit(known.waveforms, known.labels).judge(new.waveforms) == (new.labels == 1)

    assert 0.80 < right.mean() < 0.85
