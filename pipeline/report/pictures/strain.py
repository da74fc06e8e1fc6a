"""Whitened strain of the detectors that are there, and how strong which pitches are in it."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from models.strain_resnet.constant_q import centres_hz, images
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.preprocess import LIMIT, SAMPLE_SHAPE, preprocess
from models.strain_resnet.whitening import NARROW, WIDE
from pipeline.core import Candidate, FloatArray
from pipeline.report.pictures.drawing import Shades, draw, draw_curve, ramp
from pipeline.report.pictures.picture import Picture

__all__ = ["strain"]

PITCHES = ramp((0, 8, 10, 16), (0.35, 30, 62, 98), (0.7, 70, 160, 150), (1, 250, 238, 150))
"""From noise to what is plain."""

DURATION_S = NARROW.samples / 1024
"""Of what is shown: the narrow band has 1024 samples a second [s]."""

QUIET, LOUD = -1.0, 8.0
"""What the ends of the palette stand for at least, in standard deviations of noise from its mean: noise
looks like noise, and most of its pixels are dark."""

SPAN = 5.0
"""The least that a trace shows to either side [standard deviations]: noise seldom goes beyond four."""


def strain(candidate: Candidate) -> Sequence[Picture]:
    """Return a trace and a time-frequency map of each detector that is there, in 20 to 500 Hz.

    A segment is whitened first, as it is for the network; what comes from running strain is white
    already. Without any detector there is no picture.
    """
    return list(_pictures(candidate.event.event_id, _white(candidate.sample)))


def _white(sample: FloatArray) -> FloatArray:
    """Return whitened strain ``(2048, 3)``, zeros for a detector without."""
    if sample.shape == SAMPLE_SHAPE:
        white: FloatArray = preprocess(sample[np.newaxis]).inputs[0]
        return white
    is_there = np.isfinite(sample).all(axis=0)
    kept: FloatArray = np.where(is_there, np.clip(sample, -LIMIT, LIMIT), np.float32(0))
    return kept


def _pictures(name: str, white: FloatArray) -> Iterator[Picture]:
    strengths = _strengths(white)
    for number, detector in enumerate(DETECTORS):
        trace, strength = white[:, number].astype(np.float64), strengths[..., number]
        if not trace.any():
            continue
        most = float(np.abs(trace).max())
        span = max(most, SPAN)
        yield Picture(
            title=f"{detector}, whitened, {DURATION_S:g} s",
            alt=f"whitened strain of {detector} in {name}: at most {most:.1f} standard deviations",
            png=draw_curve(trace, span=(-span, span), zero=0.0),
            columns=2,
            is_curve=True,
        )
        row, column = np.unravel_index(strength.argmax(), strength.shape)
        loudest, when_s = float(strength.max()), DURATION_S * column / (strength.shape[1] - 1)
        yield Picture(
            title=f"{detector}, {NARROW.low_hz:g} to {NARROW.high_hz:g} Hz",
            alt=(
                f"time and frequency of {detector} in {name}: strongest at {when_s:.2f} s and "
                f"{centres_hz()[row]:.0f} Hz, {loudest:.1f} standard deviations above the noise"
            ),
            png=_map(strength, loudest),
            columns=2,
        )


def _strengths(white: FloatArray) -> npt.NDArray[np.float32]:
    """Return how strong each pitch is at each time, shape ``(frequency, time, detector)``.

    The images are made of 2048 samples a second. Zeros above 512 Hz fill up what the narrow band has
    not; its noise is scaled to the density that noise of unit variance has in the wide one.
    """
    width = (NARROW.high_hz - NARROW.low_hz) / (WIDE.high_hz - WIDE.low_hz)
    spectrum = np.fft.rfft(white, axis=0)
    dense = np.fft.irfft(spectrum, n=WIDE.samples, axis=0) * (WIDE.samples / NARROW.samples)
    wide = np.ascontiguousarray(dense.T * np.sqrt(width), dtype=np.float32)
    found: npt.NDArray[np.float32] = images(wide[np.newaxis])[0, centres_hz() <= NARROW.high_hz]
    return found


def _map(strength: npt.NDArray[np.float32], loudest: float) -> bytes:
    """Draw the strength, high frequencies on top."""
    shade: Shades = strength[::-1].astype(np.float64)
    shade = (shade - QUIET) / (max(loudest, LOUD) - QUIET)
    return draw(shade, np.zeros(shade.shape, np.bool_), PITCHES)
