"""Write simulated candidates as the packets of the three families of the stream ``hits``.

The schemas, ``simulated_ztf`` and ``simulated_lsst``, are ours, with the surveys' names for the
fields that they share.  Every packet says that it is simulated: native
ones as their survey, ZTF's as its publisher, Rubin's as the reason of its observation.

Deep-HiTS stamps are 21x21, and the cutouts of the surveys are larger: around the stamp there is
noise of the same level and width.
"""

import gzip
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import fastavro
import numpy as np

import schemas
from pipeline.core import FloatArray
from pipeline.fits_writer import image_hdu

__all__ = ["LSST_SCHEMA_ID", "Sky", "lsst_packet", "native_packet", "ztf_packet"]

LSST_SCHEMA_ID = 2_000_000
"""Id of our schema in a registry; far from Rubin's, which are 100 times the version."""

_ZTF_SIDE = 63
_LSST_SIDE = 30
_PSF_SIDE = 41


@dataclass(frozen=True, slots=True)
class Sky:
    """Where and when a simulated candidate is."""

    event_id: int
    mjd_utc: float
    """Start of the exposure, Modified Julian Date [d, UTC]."""

    ra_deg: float
    dec_deg: float


def native_packet(sample: FloatArray, sky: Sky) -> bytes:
    """Return a container of ``hits_candidate``.

    Parameters
    ----------
    sample
        Template, science, difference, SNR difference, shape ``(4, 21, 21)`` [DN]. An SNR
        difference that is NaN throughout is left out.
    sky
        Where and when it is.
    """
    template, science, difference, ratio = (stamp.astype("<f4").tobytes() for stamp in sample)
    record = {
        "survey": "simulated",
        "candidateId": sky.event_id,
        "midpointMjdUtc": sky.mjd_utc,
        "raDeg": sky.ra_deg,
        "decDeg": sky.dec_deg,
        "shape": list(sample.shape[1:]),
        "dtype": "<f4",
        "template": template,
        "science": science,
        "difference": difference,
        "snrDifference": None if np.isnan(sample[3]).all() else ratio,
    }
    return _container("hits_candidate", record, sky)


def ztf_packet(sample: FloatArray, sky: Sky, rng: np.random.Generator) -> bytes:
    """Return a packet like ZTF's, with gzipped cutouts of 63x63 pixels and a history.

    Parameters
    ----------
    sample, sky
        As in `native_packet`; the SNR difference is left out, ZTF sends none.
    rng
        Draws the noise around the stamps, and the history.
    """
    jd = sky.mjd_utc + 2_400_000.5
    place = {"xpos": rng.uniform(40, 3030), "ypos": rng.uniform(40, 3030)}
    place |= {"ra": sky.ra_deg, "dec": sky.dec_deg}
    seen = {"fid": 1, "pid": sky.event_id // 10**6, "rcid": 7, "diffmaglim": 20.5}
    magnitude = {"isdiffpos": "t", "magpsf": rng.uniform(16, 20), "sigmapsf": 0.1}
    detection = {"candid": sky.event_id, **seen, **place, **magnitude}
    history = [
        {"jd": jd - days, "nid": 700, "pdiffimfilename": f"simulated_{number:03}_diff.fits"}
        | (detection if rng.random() < 0.5 else seen)  # noqa: PLR2004 - half are upper limits
        for number, days in enumerate(np.sort(rng.uniform(1, 30, rng.integers(1, 40))))
    ]
    record: dict[str, Any] = {
        "schemavsn": "1.0",
        "publisher": "simulated by skytriage",
        "objectId": f"SIM{sky.event_id % 10**7:07}",
        "candid": sky.event_id,
        "candidate": {"jd": jd, "programid": 1, "field": 600, **detection},
        "prv_candidates": history,
    }
    for name, stamp in zip(("Template", "Science", "Difference"), sample[:3], strict=True):
        file = image_hdu(_embedded(stamp, _ZTF_SIDE, rng), {"BUNIT": "DN"})
        record[f"cutout{name}"] = {
            "fileName": f"candid{sky.event_id}_{name.lower()}.fits.gz",
            "stampData": gzip.compress(file, mtime=0),
        }
    return _container("simulated_ztf", record, sky)


def lsst_packet(sample: FloatArray, sky: Sky, rng: np.random.Generator) -> bytes:
    """Return a Confluent-framed packet like Rubin's, with 30x30 cutouts and their variance.

    Parameters
    ----------
    sample, sky, rng
        As in `ztf_packet`; the SNR difference goes into the variance of the difference.
    """
    mjd_tai = sky.mjd_utc + 37 / 86_400
    source = {
        "diaSourceId": sky.event_id,
        "visit": 2025_12_31_00001,
        "detector": 94,
        "midpointMjdTai": mjd_tai,
        "ra": sky.ra_deg,
        "dec": sky.dec_deg,
        "x": 2000.0,
        "y": 1000.0,
        "band": "r",
    }
    earlier = [
        {**source, "diaSourceId": sky.event_id - 2 * days, "midpointMjdTai": mjd_tai - days}
        for days in range(1, int(rng.integers(2, 20)))
    ]
    record: dict[str, Any] = {
        "diaSourceId": sky.event_id,
        "observation_reason": "simulated",
        "diaSource": source,
        "prvDiaSources": earlier,
    }
    variance = _variance(sample[2], sample[3])
    for name, stamp in zip(("Template", "Science", "Difference"), sample[:3], strict=True):
        record[f"cutout{name}"] = _ccd(_embedded(stamp, _LSST_SIDE, rng), variance)
    body = io.BytesIO()
    fastavro.schemaless_writer(body, _parsed("simulated_lsst"), record)
    return b"\0" + LSST_SCHEMA_ID.to_bytes(4, "big") + body.getvalue()


def _ccd(pixels: FloatArray, variance: FloatArray) -> bytes:
    """Return a cutout of Rubin's: pixels, variance and point-spread function in one file."""
    offset = _offset(len(pixels))
    noise = np.full_like(pixels, np.median(variance))
    noise[offset : offset + len(variance), offset : offset + len(variance)] = variance
    middle = offset + len(variance) // 2 + 1  # FITS counts from 1
    y, x = np.mgrid[:_PSF_SIDE, :_PSF_SIDE] - _PSF_SIDE // 2
    psf = np.exp(-(y**2 + x**2) / 8.0).astype(np.float32)
    return b"".join(
        (
            image_hdu(pixels, {"BUNIT": "nJy", "CRPIX1": middle, "CRPIX2": middle}),
            image_hdu(noise, {"UTYPE": "VarianceUncertainty", "EXTNAME": "UNCERT"}, first=False),
            image_hdu(psf, {"EXTNAME": "PSFIMAGE"}, first=False),
        )
    )


def _offset(side: int) -> int:
    """Return where a 21x21 stamp begins in a cutout."""
    return (side - 21) // 2


def _embedded(stamp: FloatArray, side: int, rng: np.random.Generator) -> FloatArray:
    """Put a stamp in the middle of noise like its own."""
    usable = stamp[np.isfinite(stamp)]
    level = np.median(usable) if usable.size else 0.0
    width = 1.4826 * np.median(np.abs(usable - level)) if usable.size else 1.0
    image = rng.normal(level, width, (side, side)).astype(np.float32)
    offset = _offset(side)
    image[offset : offset + len(stamp), offset : offset + len(stamp)] = stamp
    return image


def _variance(difference: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return the variance that makes a difference and its signal-to-noise ratio agree."""
    with np.errstate(all="ignore"):  # where the ratio is zero or unknown
        variance = np.square(difference / ratio)
    known = np.isfinite(variance) & (variance > 0)
    usual = np.median(variance[known]) if known.any() else 1.0
    return np.where(known, variance, usual).astype(np.float32)


@cache
def _parsed(name: str) -> Any:
    return fastavro.parse_schema(schemas.load(name))


def _container(name: str, record: Mapping[str, Any], sky: Sky) -> bytes:
    data = io.BytesIO()
    # The marker is the id, so that the same seed makes the same bytes.
    marker = sky.event_id.to_bytes(16, "big")
    fastavro.writer(data, _parsed(name), [record], sync_marker=marker)
    return data.getvalue()
