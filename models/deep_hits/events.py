"""The event at the centre of each candidate: a transient, or something that went wrong.

An event is as bright as the signal-to-noise ratio it was given demands, that of the matched filter:
``<signal, P> / sqrt(<P**2, variance>)`` with ``P`` the point source at the centre.
"""

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.artefacts import PATTERNS, bleed, ringing
from models.deep_hits.scene import (
    Light,
    Mismatch,
    Sources,
    background_flux,
    dark,
    draw_mismatch,
    draw_sources,
    subtracted,
)
from models.deep_hits.sky import Observations, centred, chance, column, log_uniform, smooth
from models.network import FloatArray

__all__ = ["REAL", "event"]

REAL = ("transient", "variable star")
"""Kinds that are real."""


def event(
    rng: Generator, seen: Observations, kinds: ndarray, snr: ndarray, hosted: float
) -> tuple[Light, Mismatch]:
    """Make the event of each candidate, and say how well its images were matched.

    Parameters
    ----------
    hosted
        Share of the transients that have a host.
    """
    total, mismatch = dark(len(seen)), draw_mismatch(rng, np.ones(len(seen)))
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        here, size = seen.rows(rows), snr[rows]
        fit = None
        if kind in REAL:
            light, fit = _real(rng, here, size, hosted, variable=kind == "variable star")
        elif kind == "bad subtraction":
            light, fit = _bad_subtraction(rng, here, size)
        elif kind == "saturated star":
            light, fit = _saturated(rng, here, size)
        elif kind in PATTERNS:
            light = _pattern(rng, here, size, kind)
        else:  # a noise peak, also beside the edge of a detector
            light = _noise_peak(rng, here, size)
        for image, part in zip(total, light, strict=True):
            image[rows] = part
        if fit is not None:
            mismatch.put(rows, fit)
    return total, mismatch


def _real(
    rng: Generator, seen: Observations, snr: ndarray, hosted: float, *, variable: bool
) -> tuple[Light, Mismatch]:
    """Make a point source that brightened or faded, on a star, a galaxy or the empty sky.

    The images are matched well enough that the residual of what lies under the source stays a
    fraction of its own light. A quarter of the differences ring, as undersampled ones do.
    """
    n = len(seen)
    y, x = np.clip(rng.normal(0, 0.35, (2, n)), -1.2, 1.2)
    point = draw_sources(rng, y, x, galaxy=np.zeros(n, bool))
    psf = point.science(seen)
    share = log_uniform(rng, 0.04, 1.0, n)  # of a variable star's light that changes
    under = point if variable else _host(rng, y, x)
    shape = under.science(seen)
    host = background_flux(rng, seen, 3.0, 1500.0) * chance(rng, n, hosted)
    flux = _factor(seen, psf, np.zeros_like(psf), snr)
    for _ in range(3):  # its own light and its host's add noise, so more light is needed
        host = np.abs(flux) / share if variable else host
        light = 2 * shape * column(host) + psf * column(np.abs(flux))
        flux = _factor(seen, psf, light, snr)
    host = np.abs(flux) / share if variable else host
    contrast = np.abs(flux) * _peak(psf) / np.maximum(host * _peak(shape), 1e-9)
    mismatch = draw_mismatch(rng, 1.5 * np.clip(contrast, 0.02, 1))
    steady = subtracted(under, seen, mismatch).times(host)
    rise, fall = np.maximum(flux, 0), np.maximum(-flux, 0)
    waves = ringing(rng, y, x) * column(rng.uniform(0, 0.25, n) * chance(rng, n, 0.25))
    change = psf * column(flux) * (1 + waves)
    if variable:  # one that fades loses light in the science image
        return steady.plus(Light(psf * column(flux), np.zeros_like(psf), change)), mismatch
    gone = point.template(seen) * column(fall)
    return steady.plus(Light(psf * column(rise), gone, change)), mismatch


def _host(rng: Generator, y: ndarray, x: ndarray) -> Sources:
    """Put a galaxy, or now and then a star, under or beside a transient."""
    n = len(y)
    dy, dx = rng.normal(0, 1.5, (2, n)) * rng.choice([0.0, 1.0, 2.0], n)
    return draw_sources(rng, y + dy, x + dx, galaxy=chance(rng, n, 0.85))


def _bad_subtraction(rng: Generator, seen: Observations, snr: ndarray) -> tuple[Light, Mismatch]:
    """Leave a residual of a constant source: a dipole, a ring, waves, or an irregular one."""
    n, sign = len(seen), np.sign(snr)
    fault = rng.choice(["dipole", "blur", "waves", "irregular"], n, p=[0.45, 0.2, 0.2, 0.15])
    dipole, blurred = fault == "dipole", fault == "blur"
    angle = rng.uniform(0, 2 * np.pi, n)
    direction = np.stack([np.sin(angle), np.cos(angle)])
    mismatch = draw_mismatch(rng, np.ones(n))
    shift = np.where(dipole, rng.uniform(0.08, 0.5, n) * seen.fwhm, 0)
    mismatch.dy[:] += shift * direction[0]
    mismatch.dx[:] += shift * direction[1]
    mismatch.width[:] += np.where(blurred, np.maximum(sign * rng.uniform(0.06, 0.4, n), -0.3), 0)
    # the detection sits on a lobe, not on the star: the positive one lies away from the shift
    lobe = sign * np.where(dipole, 0.45 * seen.fwhm, 0) - (sign < 0) * shift
    y, x = lobe * direction + rng.normal(0, 0.3, (2, n))
    unit = subtracted(draw_sources(rng, y, x, galaxy=chance(rng, n, 0.3)), seen, mismatch)
    waves = ringing(rng, y, x) * column(sign * log_uniform(rng, 0.02, 0.3, n) * (fault == "waves"))
    rough = smooth(rng.standard_normal(unit.science.shape, dtype=np.float32))
    rough *= column(np.where(fault == "irregular", log_uniform(rng, 0.03, 0.4, n), 0.01))
    residual = unit.difference + unit.science * (waves + rough)
    flux = np.zeros(n, np.float32)
    for _ in range(3):
        light = (unit.science + unit.template) * column(flux)
        flux = np.abs(_factor(seen, residual, light, snr))
    flux = np.minimum(flux, 4e5 / seen.gain)  # brighter ones are saturated: another kind
    return Light(unit.science, unit.template, residual).times(flux), mismatch


def _saturated(rng: Generator, seen: Observations, snr: ndarray) -> tuple[Light, Mismatch]:
    """Cut a star off at full well in both images; it may bleed along a column."""
    n = len(seen)
    full = column(rng.uniform(4e4, 1e5, n) / seen.gain)
    y, x = rng.normal(0, 0.5, (2, n)) * rng.choice([0.5, 1.5, 4.0], n) * seen.fwhm
    mismatch = draw_mismatch(rng, rng.uniform(1, 8, n))
    unit = subtracted(draw_sources(rng, y, x, galaxy=np.zeros(n, bool)), seen, mismatch)
    scale = full * column(log_uniform(rng, 1.3, 60.0, n) / _peak(unit.science))
    spill = bleed(rng, n) * full * column(chance(rng, n, 0.4) * rng.uniform(0.02, 1, n))
    template_full = full * column(rng.uniform(0.5, 1.5, n))
    science = np.minimum(unit.science * scale + spill, full)
    template = np.minimum(unit.template * scale, template_full)
    matched = np.minimum((unit.science - unit.difference) * scale, template_full)
    rough = rng.standard_normal(science.shape, dtype=np.float32) * column(rng.uniform(0, 0.05, n))
    difference = (science * (1 + rough) - matched) * column(np.sign(snr))
    return Light(science, template, difference), mismatch


def _pattern(rng: Generator, seen: Observations, snr: ndarray, kind: str) -> Light:
    """Add light that is no star: to the science image, or, if negative, to the template."""
    shape = PATTERNS[kind](rng, seen.fwhm)
    image = shape * column(np.abs(_factor(seen, shape, np.zeros_like(shape), snr)))
    science, template = image * column(snr > 0), image * column(snr < 0)
    soft = chance(rng, len(seen), 0.3)  # that image was the one convolved to match the other
    image[soft] = smooth(image[soft])
    return Light(science, template, image * column(np.sign(snr)))


def _noise_peak(rng: Generator, seen: Observations, snr: ndarray) -> Light:
    """Shape noise like a source below the limit; it was found because the noise was underrated.

    Its SNR against the true noise is 2 to 4.2, measured as all others are.
    """
    psf = centred(seen)
    true_snr = np.sign(snr) * rng.uniform(2.0, 4.2, len(seen))
    peak = psf * column(_factor(seen, psf, np.zeros_like(psf), true_snr))
    return Light(np.maximum(peak, 0), np.zeros_like(peak), peak)


def _factor(seen: Observations, signal: ndarray, light: ndarray, snr: ndarray) -> FloatArray:
    """Return what gives ``signal`` its SNR against the noise of the sky and of ``light``: ``(n,)``.

    A signal that the matched filter hardly sees (a ring) is not made brighter without end.
    """
    psf = centred(seen)
    sky = seen.sky_noise**2 * (1 + seen.template_depth**2)
    noise = np.sqrt((psf**2 * (column(sky) + light / column(seen.gain))).sum(axis=(1, 2)))
    response = np.abs((signal * psf).sum(axis=(1, 2)))
    floor = 1e-4 * _peak(np.abs(signal)) * _peak(psf)
    return np.asarray(snr * noise / np.maximum(response, floor), np.float32)


def _peak(image: FloatArray) -> FloatArray:
    return np.asarray(image.max(axis=(1, 2)))
