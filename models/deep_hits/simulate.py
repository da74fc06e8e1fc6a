"""Simulated, labelled candidates like those of HiTS: what the network is trained on.

No public set of labelled stamps exists, so these are *simulated*, and every figure that rests on
them says so. `surveys` says whose camera they are of. In the order of the code: draw observing conditions (`sky`), put an event (`events`)
and its neighbours (`scene`) into a science image, a template and their imperfect difference, add
sky and noise, lose pixels at the edge of the detector. Real and artefact come at the signal-to-noise
ratios of HiTS, but for the brightest artefacts (`BOGUS_SNR`). Those are *measured* ones: a
candidate exists because a matched filter found at least about 5 in the noisy difference, so no
candidate lies below that by chance.

What it leaves out: the cameras' true point-spread functions, fringes, crosstalk, sources that move,
crowded fields, and how often each artefact really occurs, which no publication states: the shares
in `KINDS` are ours. The kinds of artefact were chosen after looking at ZTF packets; no pixel and no
score of theirs is used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from jaxtyping import Float32, Int8
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.events import REAL, event
from models.deep_hits.exposure import lose_pixels, observe
from models.deep_hits.scene import neighbours
from models.deep_hits.sky import chance, column, log_uniform
from models.deep_hits.stamps import snr_difference
from models.deep_hits.surveys import MIXED, Survey

__all__ = [
    "BOGUS_SNR",
    "KINDS",
    "QUANTILES",
    "REAL_SNR",
    "SPLITS",
    "VERSION",
    "Candidates",
    "blocks",
    "joined",
    "simulate",
]

VERSION = "2026.11.2"
"""Changes whenever the same seed gives other stamps, or there are other surveys."""

SPLITS = {"train": 0, "validation": 1, "test": 2}
"""A block of candidates is seeded by (seed, split, number), so splits never share one."""

KINDS = {
    "bad subtraction": 0.42,
    "cosmic ray": 0.17,
    "hot pixel": 0.11,
    "saturated star": 0.10,
    "noise peak": 0.06,
    "trail": 0.05,
    "ghost": 0.04,
    "edge": 0.05,
}
"""Share of each kind of artefact."""

QUANTILES = (0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1)

REAL_SNR = (5.36, 6.37, 7.01, 9.13, 12.33, 19.3, 45.9, 75.5, 208.0)
"""SNR of real candidates at `QUANTILES`: the 100,000 test candidates of arch7."""

BOGUS_SNR = (5.21, 5.89, 6.20, 6.89, 7.81, 11.3, 57.0, 1000.0, 10000.0)
"""The same of the artefacts, signs ignored, but for the last two, which are ours.

There HiTS has 18,410 and 7.5e6: 2.4 % of its artefacts are above 1,000 and 1.3 % above 10,000, of
ours 1 % and none. So the brightest are rarer than in HiTS, and beyond 10,000 nothing was learnt and
nothing is measured. The weights were trained with these numbers.
"""

NEGATIVE = 0.3
"""Share of the artefacts whose detection is negative, as in HiTS."""

_CACHED = 256
"""Candidates simulated at once: their stamps stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Simulated candidates and the truth about them."""

    samples: Float32[ndarray, "n 4 21 21"]
    """Template, science, difference [DN] and SNR difference."""

    labels: Int8[ndarray, " n"]
    """1 for a real transient, 0 for an artefact."""

    snr: Float32[ndarray, " n"]
    """Signed SNR that the detection was given; nominal for saturated stars and edges."""

    kinds: ndarray
    """``"transient"``, ``"variable star"`` or one of `KINDS`."""


def blocks(
    seed: int, split: str, size: int, survey: Survey = MIXED, bright: float = 0.0
) -> Iterator[Candidates]:
    """Yield block after block of a split, for ever, each reproducible on its own."""
    for number in count():
        rng = np.random.default_rng([seed, SPLITS[split], number])
        yield simulate(rng, size, bright, survey)


def simulate(rng: Generator, n: int, bright: float = 0.0, survey: Survey = MIXED) -> Candidates:
    """Simulate candidates, half of them real on average.

    Parameters
    ----------
    bright
        Share of the real ones whose SNR is not as in HiTS but anything from 20 to 5,000. Training
        uses some, because ZTF and Rubin publish bright sources too.
    """
    parts = [_simulate(rng, min(_CACHED, n - i), bright, survey) for i in range(0, n, _CACHED)]
    return joined(parts)


def joined(parts: Sequence[Candidates]) -> Candidates:
    """Return several sets of candidates as one."""
    return Candidates(
        samples=np.concatenate([part.samples for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        snr=np.concatenate([part.snr for part in parts]),
        kinds=np.concatenate([part.kinds for part in parts]),
    )


def _simulate(rng: Generator, n: int, bright: float, survey: Survey) -> Candidates:
    seen = survey.observe(rng, n)
    kinds = _draw_kinds(rng, n, survey.variable)
    labels = np.isin(kinds, REAL)
    snr = _draw_snr(rng, labels, bright, survey.fading)
    light, mismatch = event(rng, seen, kinds, snr, survey.hosted)
    light = light.plus(neighbours(rng, seen, mismatch, survey.crowding, counts=survey.counts))
    images, variance = observe(rng, seen, light)
    template, science, difference = lose_pixels(rng, images, at_edge=kinds == "edge")
    # ZTF turns the difference of a fading source so that its peak is positive; HiTS does not
    difference[(snr < 0) & chance(rng, n, survey.turned)] *= -1
    ratio = difference / np.sqrt(variance)
    absent = chance(rng, n, survey.without_variance)  # most surveys send no variance
    if absent.any():
        ratio[absent] = snr_difference(difference[absent], science[absent], template[absent])
    template *= column(np.exp(rng.normal(0, 0.5, n)))  # its zero point need not be the science's
    return Candidates(
        samples=np.stack([template, science, difference, ratio], axis=1).astype(np.float32),
        labels=labels.astype(np.int8),
        snr=snr,
        kinds=kinds,
    )


def _draw_kinds(rng: Generator, n: int, variable: float) -> ndarray:
    artefact = rng.choice(list(KINDS), size=n, p=list(KINDS.values()))
    real = np.where(chance(rng, n, variable), *reversed(REAL))
    return np.where(chance(rng, n, 0.5), real, artefact)


def _draw_snr(
    rng: Generator, labels: ndarray, bright: float, fading: float
) -> Float32[ndarray, " n"]:
    """Draw signed SNR from `REAL_SNR` and `BOGUS_SNR`, interpolated in the logarithm."""
    n, u = len(labels), rng.random(len(labels))
    real, artefact = (np.interp(u, QUANTILES, np.log(snr)) for snr in (REAL_SNR, BOGUS_SNR))
    size = np.exp(np.where(labels, real, artefact))
    size = np.where(labels & chance(rng, n, bright), log_uniform(rng, 20.0, 5000.0, n), size)
    negative = rng.random(n) < np.where(labels, fading, NEGATIVE)
    return np.where(negative, -size, size).astype(np.float32)
