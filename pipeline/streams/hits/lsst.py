"""Alert packets of the Rubin Observatory's LSST, schemas 7.x to 11.x.

Cutouts are FITS of 30 to 102 pixels a side, each with its variance.  ``midpointMjdTai`` is the
middle of the visit, TAI.  The event is the ``diaSource``; ids have 18 digits, more than a double.

References
----------
https://sdm-schemas.lsst.io/apdb.html
"""

from collections.abc import Mapping
from typing import Any

from pipeline.core import Candidate, Event, EventTime
from pipeline.fits import read_ccd, read_image, reference_pixel
from pipeline.stream import PacketFormat
from pipeline.streams.hits.sample import cutout, make_candidate
from pipeline.times import survey_us

__all__ = ["FORMAT", "decode"]


def decode(packet: Mapping[str, Any]) -> Candidate:
    """Return the candidate in a packet."""
    source = packet["diaSource"]
    source_id = source["diaSourceId"]
    mjd = source.get("midpointMjdTai")
    time = None if mjd is None else EventTime(mjd, "mjd", "tai", "middle of visit")
    simulated = packet.get("observation_reason") == "simulated"
    event = Event(
        survey="lsst-simulated" if simulated else "lsst",
        event_id=str(source_id),
        event_id_long=source_id,
        time=time,
        survey_us=None if time is None else survey_us(time),
        ra_deg=source.get("ra"),
        dec_deg=source.get("dec"),
    )
    template_file, science_file, difference_file = (
        cutout(packet, name, source_id)
        for name in ("cutoutTemplate", "cutoutScience", "cutoutDifference")
    )
    difference, variance = read_ccd(difference_file)
    return make_candidate(
        event,
        template=read_image(template_file),
        science=read_image(science_file),
        difference=difference,
        variance=variance,
        centre=_source_pixel(reference_pixel(difference_file), difference.shape),
    )


def _source_pixel(
    reference: tuple[float, float] | None, shape: tuple[int, ...]
) -> tuple[int, int] | None:
    """Return the pixel ``(y, x)`` of the source, which the cutout's coordinates refer to.

    In a stamp of an even side the source may be on either of the middle pixels.
    """
    if reference is None:
        return None
    y, x = (round(position) for position in reference)
    return (y, x) if 0 <= y < shape[0] and 0 <= x < shape[1] else None


FORMAT = PacketFormat(
    name="lsst",
    needs=frozenset({"diaSource", "cutoutDifference", "cutoutTemplate"}),
    fields=(
        "observation_reason",
        "diaSource.diaSourceId",
        "diaSource.midpointMjdTai",
        "diaSource.ra",
        "diaSource.dec",
        "cutoutDifference",
        "cutoutScience",
        "cutoutTemplate",
    ),
    decode=decode,
)
