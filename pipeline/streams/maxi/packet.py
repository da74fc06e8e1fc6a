"""Packets in our schema ``maxi_image``: one image of one transit each.

Counts are laid out and drawn as the pictures that the network knows; grey pictures are taken as
they are.  Only counts with an exposure in 2-20 keV have a flux: a picture is scaled to its own
maximum, and says nothing of how bright the sky was.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from models.maxi_flare.counts import draw_counts, lay_out, rings_of_counts
from models.maxi_flare.flux import BAND_KEV, CONFIDENCE, estimate_flux
from models.maxi_flare.picture import scale_to_maximum, shrink
from models.maxi_flare.render import FIELD
from models.maxi_flare.sky import DEG_PER_PIXEL, TYPICAL_EXPOSURE_CM2_S
from pipeline.core import Candidate, Event, EventTime, Flux
from pipeline.errors import DecodeError, MissingInput
from pipeline.fits_sky import Footprint
from pipeline.stream import PacketFormat
from pipeline.streams.maxi.message import EXPOSURES_CM2_S
from pipeline.streams.maxi.pixels import PICTURES, Pixels, read_pixels
from pipeline.times import survey_us

__all__ = ["FORMAT", "decode"]

_FIELDS_DEG = (FIELD * DEG_PER_PIXEL / 1.5, FIELD * DEG_PER_PIXEL * 1.5)
"""Width of a picture in which a source is about as large as in those of the training [deg]."""

_OFFSET_DEG = 0.1
"""To which MAXI knows the position of a bright source [deg]. arXiv:1102.0891."""

_SAME_SIZE = 0.01
"""Relative difference of two statements on the size of a pixel that is none."""


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a packet.

    Its quality has ``implausibleTime``, ``implausiblePosition``, ``otherField`` (the picture is
    much wider or narrower than those of the training) and ``positionOffsetDeg`` (the packet and
    its FITS coordinates put the middle of the image that far apart).
    """
    name, pixels = packet["imageId"], read_pixels(packet)
    pixel_deg = _pixel_size(packet, pixels.footprint)
    quality: dict[str, float] = {}
    event, exposure = _event(packet, pixels.footprint, quality), _exposure(packet)
    match packet["quantity"]:
        case "counts":
            counts = _counts(packet, pixels, pixel_deg)
            picture: npt.NDArray[Any] = draw_counts(counts)
            flux = _flux(packet, counts, exposure)
        case "grey":
            picture, flux = _grey(packet, pixels.values), None
            if pixel_deg is not None:
                width = pixel_deg * max(pixels.values.shape)
                if not _FIELDS_DEG[0] <= width <= _FIELDS_DEG[1]:
                    quality["otherField"] = 1.0
        case other:
            raise DecodeError(f"image {name} is of {other!r}; we know counts and grey")
    return Candidate(event, shrink(picture), quality, flux=flux)


def _event(
    packet: Mapping[str, Any], footprint: Footprint | None, quality: dict[str, float]
) -> Event:
    name, number = packet["imageId"], packet.get("imageIdLong")
    if number is not None and str(number) != name:
        raise DecodeError(f"imageId {name!r} and imageIdLong {number} are not the same")
    start, stop = packet.get("startMjdUtc"), packet.get("stopMjdUtc")
    time = None if start is None else EventTime(start, "mjd", "utc", "start of exposure")
    start_us = None if time is None else survey_us(time)
    if time is not None and (start_us is None or (stop is not None and not stop > start)):
        quality["implausibleTime"] = 1.0
    ra, dec = packet.get("raDeg"), packet.get("decDeg")
    if footprint is not None:
        if ra is not None and dec is not None:
            offset = _separation_deg((ra, dec), (footprint.ra_deg, footprint.dec_deg))
            if not offset <= _OFFSET_DEG:
                quality["positionOffsetDeg"] = offset if math.isfinite(offset) else 180.0
        ra, dec = footprint.ra_deg, footprint.dec_deg
    if not _is_position(ra, dec):
        quality["implausiblePosition"] = 1.0
    return Event(
        survey=packet["survey"],
        event_id=name,
        event_id_long=number,
        time=time,
        survey_us=start_us,
        ra_deg=ra,
        dec_deg=dec,
    )


def _is_position(ra_deg: float | None, dec_deg: float | None) -> bool:
    """Whether these are a position, or both unknown."""
    if ra_deg is None or dec_deg is None:
        return ra_deg is None and dec_deg is None
    return 0 <= ra_deg <= 360 and -90 <= dec_deg <= 90  # noqa: PLR2004 - degrees


def _separation_deg(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two positions ``(ra, dec)`` on the sky [deg]."""
    ends = []
    for ra, dec in (one, other):
        if not math.isfinite(ra + dec):
            return math.nan
        a, d = math.radians(ra), math.radians(dec)
        ends.append((math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)))
    # The chord, not the cosine, which is flat where it matters.
    return math.degrees(2 * math.asin(min(1.0, math.dist(*ends) / 2)))


def _pixel_size(packet: Mapping[str, Any], footprint: Footprint | None) -> float | None:
    said: float | None = packet.get("pixelDeg")
    if footprint is None:
        return said
    if said is not None and not abs(said / footprint.pixel_deg - 1) <= _SAME_SIZE:
        raise DecodeError(
            f"image {packet['imageId']} has pixels of {said:g} deg, and of "
            f"{footprint.pixel_deg:g} deg in its coordinates"
        )
    return footprint.pixel_deg


def _counts(
    packet: Mapping[str, Any], pixels: Pixels, pixel_deg: float | None
) -> npt.NDArray[np.float64]:
    name, kind = packet["imageId"], packet["format"]
    if kind in PICTURES:
        raise DecodeError(f"image {name} is a {kind} image: that holds grey levels, never counts")
    if pixel_deg is None:
        raise MissingInput(f"image {name} has counts, and says not how large its pixels are")
    try:
        return lay_out(pixels.values, pixel_deg)
    except ValueError as error:
        raise DecodeError(f"image {name}: {error}") from error


def _grey(packet: Mapping[str, Any], values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return grey levels from 0 to 255, which pictures and bytes hold as they are."""
    are_levels = packet["format"] in PICTURES or values.dtype == np.uint8
    return values if are_levels else scale_to_maximum(values)


def _exposure(packet: Mapping[str, Any]) -> float | None:
    """Return the exposure [cm2 s], if there is one."""
    exposure: float | None = packet.get("exposureCm2S")
    low, high = EXPOSURES_CM2_S
    if exposure is not None and not low <= exposure <= high:
        raise DecodeError(
            f"image {packet['imageId']} has an exposure of {exposure:g} cm2 s; "
            f"one transit has {low:g} to {high:g}"
        )
    return exposure


def _flux(
    packet: Mapping[str, Any], counts: npt.NDArray[np.float64], exposure_cm2_s: float | None
) -> Flux | None:
    """Estimate the flux of the source in the middle, where there is all that this needs."""
    band = packet.get("bandLowKev"), packet.get("bandHighKev")
    if exposure_cm2_s is None or band != BAND_KEV or np.isnan(counts).any():
        return None
    found = estimate_flux(rings_of_counts(counts), exposure_cm2_s / TYPICAL_EXPOSURE_CM2_S)
    return Flux(
        mcrab=found.median_mcrab,
        low_mcrab=found.low90_mcrab,
        high_mcrab=found.high90_mcrab,
        confidence=CONFIDENCE,
        band_kev=BAND_KEV,
    )


FORMAT = PacketFormat(
    name="maxi_image",
    needs=frozenset({"imageId", "image", "format", "quantity"}),
    fields=(
        "survey",
        "imageId",
        "imageIdLong",
        "format",
        "image",
        "dtype",
        "shape",
        "quantity",
        "raDeg",
        "decDeg",
        "pixelDeg",
        "startMjdUtc",
        "stopMjdUtc",
        "bandLowKev",
        "bandHighKev",
        "exposureCm2S",
    ),
    decode=decode,
)
