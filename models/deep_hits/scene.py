"""Put a scene into a science image, a template and their difference: neighbours and the event.

An event is what was detected at the central pixel: a transient for the real candidates, something
that went wrong for the others. Its size is solved for the signal-to-noise ratio it was given, the
matched filter's: ``<signal, P> / sqrt(<P**2, variance>)`` with ``P`` the point source at the
centre. `Light` is in DN above the sky, without noise.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from models.deep_hits.artefacts import PATTERNS, bleed
from models.deep_hits.sky import Mismatch, Observations, Sources, moffat, select

__all__ = ["Light", "event", "neighbours", "smooth"]


class Light(NamedTuple):
    """Noiseless images of one scene, each ``(n, 21, 21)`` [DN above the sky]."""

    science: Float32[ndarray, "n 21 21"]
    template: Float32[ndarray, "n 21 21"]
    difference: Float32[ndarray, "n 21 21"]

    def __add__(self, other: tuple) -> "Light":  # type: ignore[override] - light adds, tuples concatenate
        return Light(*(a + b for a, b in zip(self, other, strict=True)))


def neighbours(rng: Generator, seen: Observations, mismatch: Mismatch) -> Light:
    """Two sources anywhere in the stamp, each there in half of the candidates."""
    n = len(seen.fwhm)
    total = Light(*np.zeros((3, n, 21, 21), np.float32))
    for _ in range(2):
        y, x = rng.uniform(-14, 14, (2, n))
        source = _source(rng, y, x, galaxy=rng.random(n) < 0.5)
        flux = _faint_to_bright(rng, seen, 3, 3000) * (rng.random(n) < 0.5)
        total = total + _subtracted(source, seen, mismatch, flux)
    return total


def event(
    rng: Generator, seen: Observations, kinds: ndarray, snr: ndarray
) -> tuple[Light, Mismatch]:
    """The detection of each candidate, and how well its images were matched."""
    n = len(kinds)
    total = Light(*np.zeros((3, n, 21, 21), np.float32))
    mismatch = _draw_mismatch(rng, n, np.ones(n))
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        here = select(seen, rows)
        if kind in ("transient", "variable star"):
            light, fit = _real(rng, here, snr[rows], variable=kind == "variable star")
        elif kind in PATTERNS:
            fit = select(mismatch, rows)
            light = _pattern(rng, here, snr[rows], kind)
        elif kind == "bad subtraction":
            light, fit = _bad_subtraction(rng, here, snr[rows])
        elif kind == "saturated star":
            light, fit = _saturated(rng, here, snr[rows])
        else:  # a noise peak, or the ridge that an edge leaves: fainter than the pipeline believed
            fit = select(mismatch, rows)
            light = _noise_peak(rng, here, snr[rows])
        for image, part in zip(total, light, strict=True):
            image[rows] = part
        for name in Mismatch.__dataclass_fields__:
            getattr(mismatch, name)[rows] = getattr(fit, name)
    return total, mismatch


def _real(
    rng: Generator, seen: Observations, snr: ndarray, *, variable: bool
) -> tuple[Light, Mismatch]:
    """A point source that brightened or faded, on a star, a galaxy or the empty sky.

    The images around a real candidate are matched well enough that the residual of what lies
    under it stays a fraction of its own light.
    """
    n = len(snr)
    y, x = np.clip(rng.normal(0, 0.35, (2, n)), -1.2, 1.2)
    point = _source(rng, y, x, galaxy=np.zeros(n, bool))
    psf = point.science(seen)
    if variable:
        under, shape = point, psf
        share = np.exp(rng.uniform(np.log(0.04), np.log(1.0), n))
    else:
        offset = rng.normal(0, 1.5, (2, n)) * rng.choice([0.0, 1.0, 2.0], n)
        under = _source(rng, y + offset[0], x + offset[1], galaxy=rng.random(n) < 0.85)
        shape = under.science(seen)
        share = None
    host = _faint_to_bright(rng, seen, 3, 1500) * (rng.random(n) < 0.7)
    flux = _flux_for(seen, psf, psf, np.zeros_like(psf), snr)
    for _ in range(3):  # its own light and its host's add noise, so more light is needed
        if share is not None:
            host = np.abs(flux) / share
        under_light = shape * host[:, None, None].astype(np.float32)
        flux = _flux_for(seen, psf, psf, 2 * under_light + np.abs(flux)[:, None, None] * psf, snr)
    contrast = np.abs(flux) * psf.max(axis=(1, 2)) / np.maximum(under_light.max(axis=(1, 2)), 1e-9)
    mismatch = _draw_mismatch(rng, n, np.clip(contrast, 0.02, 1))
    if share is not None:
        host = np.abs(flux) / share
    light = _subtracted(under, seen, mismatch, host)
    rise, fall = np.maximum(flux, 0)[:, None, None], np.maximum(-flux, 0)[:, None, None]
    if share is not None:  # a variable star that fades loses light in the science image
        return light + (psf * (rise - fall), 0, psf * (rise - fall)), mismatch
    return light + (psf * rise, point.template(seen) * fall, psf * (rise - fall)), mismatch


def _bad_subtraction(rng: Generator, seen: Observations, snr: ndarray) -> tuple[Light, Mismatch]:
    """A star or galaxy that was shifted, or blurred, against the template: a dipole or a ring."""
    n = len(snr)
    galaxy = rng.random(n) < 0.3
    dipole = rng.random(n) < 0.6
    angle, sign = rng.uniform(0, 2 * np.pi, n), np.sign(snr)
    shift = np.where(dipole, rng.uniform(0.08, 0.5, n) * seen.fwhm, np.abs(rng.normal(0, 0.05, n)))
    blur = np.where(dipole, rng.normal(0, 0.03, n), sign * rng.uniform(0.06, 0.4, n))
    direction = np.stack([np.sin(angle), np.cos(angle)])
    mismatch = Mismatch(
        dy=(shift * direction[0]).astype(np.float32),
        dx=(shift * direction[1]).astype(np.float32),
        width=np.maximum(blur, -0.35).astype(np.float32),
        flux=rng.normal(0, 0.01, n).astype(np.float32),
    )
    # the detection sits on a lobe, not on the star: the positive one lies away from the shift
    lobe = np.where(dipole, 0.45 * seen.fwhm, 0) * sign
    y, x = lobe * direction + rng.normal(0, 0.3, (2, n)) - (sign < 0) * shift * direction
    source = _source(rng, y, x, galaxy=galaxy)
    residual = _subtracted(source, seen, mismatch, np.ones(n))
    psf = _centred(seen)
    flux = np.zeros(n, np.float32)
    for _ in range(3):
        light = (residual.science + residual.template) * flux[:, None, None]
        flux = np.abs(_flux_for(seen, residual.difference, psf, light, snr))
    flux = np.minimum(flux, 4e5 / seen.gain)  # brighter ones are saturated: another kind
    speckle = rng.normal(0, 1, residual.science.shape) * rng.uniform(0, 0.05, (n, 1, 1))
    residual = residual + (0, 0, residual.science * speckle)
    return Light(*(image * flux[:, None, None] for image in residual)), mismatch


def _saturated(rng: Generator, seen: Observations, snr: ndarray) -> tuple[Light, Mismatch]:
    """A star whose core is flat at full well, in both images, and may bleed along a column."""
    n = len(snr)
    full = (rng.uniform(4e4, 1e5, n) / seen.gain).astype(np.float32)[:, None, None]
    over = np.exp(rng.uniform(np.log(1.3), np.log(60), n)).astype(np.float32)[:, None, None]
    y, x = rng.normal(0, 1, (2, n)) * rng.choice([0.5, 1.5, 4.0], n) * seen.fwhm / 2
    mismatch = _draw_mismatch(rng, n, rng.uniform(1, 8, n))
    unit = _subtracted(_source(rng, y, x, galaxy=np.zeros(n, bool)), seen, mismatch, np.ones(n))
    scale = over * full / unit.science.max(axis=(1, 2), keepdims=True)
    spill = bleed(rng, n) * full * (rng.random((n, 1, 1)) < 0.4) * rng.uniform(0.02, 1, (n, 1, 1))
    science = np.minimum(unit.science * scale + spill, full)
    template_full = full * rng.uniform(0.5, 1.5, (n, 1, 1))
    template = np.minimum(unit.template * scale, template_full)
    matched = np.minimum((unit.science - unit.difference) * scale, template_full)
    speckle = 1 + rng.normal(0, 1, science.shape) * rng.uniform(0, 0.05, (n, 1, 1))
    difference = (science * speckle - matched) * np.sign(snr)[:, None, None]
    images = (science, template, difference)
    return Light(*(image.astype(np.float32) for image in images)), mismatch


def _pattern(rng: Generator, seen: Observations, snr: ndarray, kind: str) -> Light:
    """Light that is no star: in the science image, or, negative, in the template."""
    shape = PATTERNS[kind](rng, seen.fwhm).astype(np.float32)
    psf = _centred(seen)
    size = np.abs(_flux_for(seen, shape, psf, np.zeros_like(shape), snr))[:, None, None]
    image = shape * size
    science, template = (image * (sign > 0)[:, None, None] for sign in (snr, -snr))
    soft = rng.random(len(snr)) < 0.3  # that image was the one convolved to match the other
    image[soft] = smooth(image[soft])
    return Light(science, template, image * np.sign(snr)[:, None, None])


def _noise_peak(rng: Generator, seen: Observations, snr: ndarray) -> Light:
    """Noise that looks like a source below the limit, found because the noise was underrated."""
    psf = _centred(seen)
    believed = np.sign(snr) * rng.uniform(2.0, 4.2, len(snr))
    flux = _flux_for(seen, psf, psf, np.zeros_like(psf), believed)[:, None, None]
    return Light(psf * np.maximum(flux, 0), psf * 0, psf * flux)


def _flux_for(
    seen: Observations, signal: ndarray, psf: ndarray, light: ndarray, snr: ndarray
) -> ndarray:
    """Factor that gives ``signal`` its SNR against sky noise and the noise of ``light``: ``(n,)``."""
    sky = (seen.sky_noise**2 * (1 + seen.template_depth**2))[:, None, None]
    noise = np.sqrt((psf**2 * (sky + light / seen.gain[:, None, None])).sum(axis=(1, 2)))
    response = (signal * psf).sum(axis=(1, 2))
    floor = 1e-4 * np.abs(signal).max(axis=(1, 2)) * psf.sum(axis=(1, 2)) * psf.max(axis=(1, 2))
    return (snr * noise / np.maximum(np.abs(response), floor)).astype(np.float32)


def _subtracted(source: Sources, seen: Observations, mismatch: Mismatch, flux: ndarray) -> Light:
    """A source of constant brightness in all three images."""
    f = np.asarray(flux, np.float32)[:, None, None]
    science = source.science(seen) * f
    return Light(science, source.template(seen) * f, science - source.matched(seen, mismatch) * f)


def _draw_mismatch(rng: Generator, n: int, quality: ndarray) -> Mismatch:
    """Everyday errors of matching, times ``quality``: 0.05 pixel, 1.5 % in width, 1 % in flux."""
    draw = lambda sigma: (np.clip(rng.normal(0, 1, n), -2.5, 2.5) * sigma * quality).astype(
        np.float32
    )  # noqa: E731
    return Mismatch(
        dy=draw(0.05), dx=draw(0.05), width=np.maximum(draw(0.015), -0.35), flux=draw(0.01)
    )


def _source(rng: Generator, y: ndarray, x: ndarray, galaxy: ndarray) -> Sources:
    """A star, or a galaxy of random size and shape, at each position."""
    n = len(galaxy)
    size, angle = rng.uniform(0, 0.55, n) * galaxy, rng.uniform(0, 2 * np.pi, n)
    extent = np.exp(rng.normal(np.log(3), 0.6, n)) * galaxy
    parts = (y, x, extent, size * np.cos(angle), size * np.sin(angle))
    y, x, extent, e1, e2 = (np.asarray(part, np.float32) for part in parts)
    return Sources(y=y, x=x, extent=extent, e1=e1, e2=e2)


def _centred(seen: Observations) -> ndarray:
    zero = np.zeros_like(seen.fwhm)
    return moffat(zero, zero, seen.fwhm, seen.beta, seen.e1, seen.e2)


def _faint_to_bright(rng: Generator, seen: Observations, low: float, high: float) -> ndarray:
    """Flux of a source whose SNR against the sky is uniform in the logarithm [DN]."""
    snr = np.exp(rng.uniform(np.log(low), np.log(high), len(seen.fwhm)))
    return (snr * seen.sky_noise * 1.5 * seen.fwhm).astype(np.float32)  # 1.5 FWHM: sqrt(4 pi) sigma


def smooth(image: ndarray) -> ndarray:
    """Blur by the 3x3 binomial kernel, repeating the border."""
    p = np.pad(image, ((0, 0), (1, 1), (1, 1)), mode="edge")
    p = (p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]) / 4
    return (p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]) / 4
