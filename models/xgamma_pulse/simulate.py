"""Simulated, labelled pulses of an SDD + scintillator spectrometer: what the networks are trained on.

No public set of such waveforms exists, so these are *simulated*, and every figure that rests on
them says so. In the order of the code: draw amplitudes, let the charge arrive (`detector`), pile a
second pulse on a few, decay through the amplifier, add the noise of the chain (`noise`), the
baseline's offset and slope, and digitise (`chain`).

Both classes have the same distribution of amplitudes, so that only the shape can tell them, and
it is weighted to low energies as a Crab-like spectrum is: most events are near the threshold,
where noise hides the rise. The noise is fixed by `models.xgamma_pulse.rise_time`: within the
published band, at the value where a plain cut on the rise time is right for 80 to 85 of 100.

What it leaves out: events that deposit in silicon and crystal both, charge shared between pixels,
light that depends on the depth in the bar, non-linear light yield, crosstalk, pick-up at single
frequencies, the reset of the preamplifier, and every kind of wrong label.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int8, UInt16
from numpy import ndarray
from numpy.random import Generator

from models.xgamma_pulse import detector
from models.xgamma_pulse.chain import PERIOD_US, Chain, amplify, digitise
from models.xgamma_pulse.detector import SCINTILLATORS
from models.xgamma_pulse.noise import noise
from models.xgamma_pulse.preprocess import preprocess
from models.xgamma_pulse.waveforms import SAMPLES, TRIGGER

__all__ = ["BLOCK", "SPLITS", "VERSION", "Pulses", "block", "blocks", "simulate", "training_block"]

VERSION = "2026.11.1"
"""Changes whenever the same seed gives other pulses."""

SPLITS = {"train": 0, "validation": 1, "test": 2}
"""A block of pulses is seeded by (seed, split, number), so splits never share one."""

BLOCK = 1024
"""Pulses of a block that training uses."""

_CACHED = 512
"""Pulses simulated at once: their waveforms stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulses:
    """Simulated waveforms and the truth about them."""

    waveforms: UInt16[ndarray, "n 200"]
    """Digitiser counts, one sample every 100 ns; the pulse is positive."""

    labels: Int8[ndarray, " n"]
    """1 for a gamma ray absorbed in the crystal, 0 for an X-ray absorbed in the silicon."""

    energy_kev: Float32[ndarray, " n"]
    """Energy that was absorbed [keV]."""

    electrons: Float32[ndarray, " n"]
    """Charge of the pulse [e-]; of light, its mean."""

    snr: Float32[ndarray, " n"]
    """Charge over equivalent noise charge."""

    rise_us: Float32[ndarray, " n"]
    """10-90 % rise of a step [us]; NaN for light."""

    interaction_us: Float32[ndarray, " n"]
    """Time of the interaction after the first sample [us]."""

    piled_up: Bool[ndarray, " n"]
    """Whether there is a second pulse."""


def block(seed: int, split: str, number: int, size: int, chain: Chain | None = None) -> Pulses:
    """Return one block of a split, the same whenever it is asked for."""
    return simulate(np.random.default_rng([seed, SPLITS[split], number]), size, chain)


def blocks(seed: int, split: str, size: int, chain: Chain | None = None) -> Iterator[Pulses]:
    """Yield block after block of a split, for ever."""
    number = 0
    while True:
        yield block(seed, split, number, size, chain)
        number += 1


def training_block(seed: int, index: int) -> tuple[ndarray, ndarray]:
    """Return a block of the training split as `models.training.pool.Pool` wants it.

    Returns
    -------
    :
        Inputs ``(BLOCK, 200, 1)`` in float16, whose rounding is far below the noise, and labels.
    """
    pulses = block(seed, "train", index, BLOCK)
    made = preprocess(pulses.waveforms.astype(np.float32))
    return made.inputs.astype(np.float16), pulses.labels


def simulate(rng: Generator, n: int, chain: Chain | None = None) -> Pulses:
    """Simulate pulses, half of them gamma rays on average."""
    chain = chain or Chain()
    parts = [_simulate(rng, min(_CACHED, n - first), chain) for first in range(0, n, _CACHED)]
    columns = Pulses.__slots__
    return Pulses(**{c: np.concatenate([getattr(part, c) for part in parts]) for c in columns})


def _simulate(rng: Generator, n: int, chain: Chain) -> Pulses:
    labels = rng.integers(0, 2, n).astype(np.int8)
    electrons = _amplitudes(rng, n, chain)
    interaction_us = _interactions(rng, n, chain)
    charge, rise_us = _arrivals(rng, labels, electrons, interaction_us, chain)
    piled_up = rng.random(n) < chain.pile_up
    more = int(piled_up.sum())
    end_us = SAMPLES * PERIOD_US
    charge[piled_up] += _arrivals(
        rng,
        rng.integers(0, 2, more).astype(np.int8),
        _amplitudes(rng, more, chain),
        rng.uniform(0, end_us, more).astype(np.float32),
        chain,
    )[0]
    signal = amplify(charge, chain)
    signal += noise(rng, n, SAMPLES, chain.enc_e, chain.flicker)
    return Pulses(
        waveforms=digitise(rng, signal, chain),
        labels=labels,
        energy_kev=electrons / _electrons_per_kev(rng, labels, chain),
        electrons=electrons,
        snr=electrons / np.float32(chain.enc_e),
        rise_us=rise_us,
        interaction_us=interaction_us,
        piled_up=piled_up,
    )


def _amplitudes(rng: Generator, n: int, chain: Chain) -> Float32[ndarray, " n"]:
    """Draw charges [e-] from the power law between its bounds, by inversion."""
    power = 1 - chain.photon_index
    low, high = (bound**power for bound in chain.amplitude_e)
    charges: Float32[ndarray, " n"] = (low + (high - low) * rng.random(n)) ** (1 / power)
    return charges.astype(np.float32)


def _interactions(rng: Generator, n: int, chain: Chain) -> Float32[ndarray, " n"]:
    phase = rng.uniform(-chain.phase_us, chain.phase_us, n)
    return (TRIGGER * PERIOD_US + phase).astype(np.float32)


def _electrons_per_kev(rng: Generator, labels: ndarray, chain: Chain) -> Float32[ndarray, " n"]:
    light = rng.uniform(*SCINTILLATORS[chain.scintillator].electrons_per_kev, len(labels))
    silicon = detector.ELECTRONS_PER_KEV_IN_SILICON
    return np.where(labels == 1, light, silicon).astype(np.float32)


def _arrivals(
    rng: Generator,
    labels: Int8[ndarray, " n"],
    electrons: Float32[ndarray, " n"],
    interaction_us: Float32[ndarray, " n"],
    chain: Chain,
) -> tuple[Float32[ndarray, "n t"], Float32[ndarray, " n"]]:
    """Return the charge that arrives at each sample [e-], and the rise of the steps [us].

    The electrons that light frees arrive one by one: their number per sample is a Poisson variate.
    Those of a step come together, and their number fluctuates far less (Fano).
    """
    after = np.arange(SAMPLES, dtype=np.float32) * np.float32(PERIOD_US) - interaction_us[:, None]
    charge = np.empty_like(after)
    light = labels == 1
    rise = np.full(len(labels), np.nan, np.float32)
    rise[~light] = detector.draw_rise_us(rng, int((~light).sum()))
    step = detector.collected_in_silicon(after[~light], rise[~light])
    charge[~light] = electrons[~light, None] * detector.arriving(step)
    crystal, n = SCINTILLATORS[chain.scintillator], int(light.sum())
    share = detector.collected_from_light(
        after[light],
        rng.uniform(*crystal.fast_us, n).astype(np.float32),
        crystal.slow_us,
        rng.uniform(*crystal.fast_share, n).astype(np.float32),
    )
    charge[light] = rng.poisson(electrons[light, None] * detector.arriving(share))
    return charge, rise
