"""Image files to messages: FITS, gzipped or not, JPEG and PNG, known by their content.

An image is called by the name of its file and a part of its content's hash.  A picture says nothing
of time, position and exposure; names such as ``103_57774.432245-57774.435081.jpg`` say from when to
when the exposure was, and the header of a FITS image may say more.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from models.maxi_flare.folder import Window
from pipeline.errors import ConfigurationError, DecodeError
from pipeline.first_bytes import describe
from pipeline.fits_sky import find_image
from pipeline.streams.maxi.event_lists import is_event_list
from pipeline.streams.maxi.message import SIMULATED, Image, write_message
from pipeline.streams.maxi.pixels import PICTURES
from pipeline.times import from_mjd_tai, from_tt, mjd_utc

__all__ = ["read_file"]

_DIGITS = 12
"""Of the content's hash: with 48 bits, a million files share none."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_MJD = 40587.0

_FITS = (b"SIMPLE", b"\x1f\x8b")
"""Beginnings of a FITS file, and of gzip, in which it may be."""

_COUNTS = frozenset({"count", "counts", "ct", "cts", "photon", "photons"})
"""Values of BUNIT, in small letters, that mean photons in a pixel. FITS Standard 4.0, table 5."""

_STARTS, _STOPS = ("MJD-BEG", "MJD-OBS", "DATE-BEG", "DATE-OBS"), ("MJD-END", "DATE-END")
"""Keywords of start and end, the first that is there is taken. FITS Standard 4.0, table 35."""

_UTC_OF: Mapping[str, Callable[[float], int]] = {
    "TAI": from_mjd_tai,
    "TT": lambda mjd: from_tt(mjd, 0.0),
}
"""Time scale of a Modified Julian Date to our clock [µs UTC]."""


def read_file(path: Path, data: bytes) -> Iterator[bytes]:
    """Yield the message of an image file.

    Raises
    ------
    DecodeError
        If it is another kind of file, or damaged.
    ConfigurationError
        If it is a list of events: those need a position, see
        `~pipeline.streams.maxi.fields.read_field`.
    """
    kind = next((kind for kind, start in PICTURES.items() if data.startswith(start)), None)
    if kind is not None:
        yield write_message(_picture(path, data, kind))
    elif not data.startswith(_FITS):
        raise DecodeError(
            f"{path.name} is {describe(data)}; of files the stream maxi reads FITS, JPEG and PNG "
            "images"
        )
    elif is_event_list(data):
        raise ConfigurationError(
            f"{path} is a list of events: say with --ra and --dec of which position images are "
            "to be made"
        )
    else:
        yield write_message(_fits(path, data))


def _picture(path: Path, data: bytes, kind: str) -> Image:
    window = Window.of(path)
    return Image(
        survey="maxi",
        image_id=_image_id(path, data),
        image=data,
        format=kind,
        quantity="grey",
        start_mjd_utc=window and window.start_mjd,
        stop_mjd_utc=window and window.stop_mjd,
    )


def _fits(path: Path, data: bytes) -> Image:
    header = find_image(data).header
    return Image(
        survey=SIMULATED if "simulated" in str(header.get("CREATOR", "")) else "maxi",
        image_id=_image_id(path, data),
        image=data,
        format="fits",
        quantity="counts" if str(header.get("BUNIT", "")).lower() in _COUNTS else "grey",
        start_mjd_utc=_time(path, header, _STARTS),
        stop_mjd_utc=_time(path, header, _STOPS),
        band_kev=_band(header),
    )


def _image_id(path: Path, data: bytes) -> str:
    name = path.name.removesuffix(".gz")
    return f"{Path(name).stem}/{sha256(data).hexdigest()[:_DIGITS]}"


def _band(header: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the energy band that a header names in the way of HEASARC [keV]."""
    low, high = header.get("E_MIN"), header.get("E_MAX")
    if isinstance(low, int | float) and isinstance(high, int | float):
        return float(low), float(high)
    return None


def _time(path: Path, header: Mapping[str, Any], keywords: tuple[str, ...]) -> float | None:
    """Return the time under the first of the keywords that is there, as MJD [d, UTC]."""
    for keyword in keywords:
        value = header.get(keyword)
        if value not in (None, ""):
            break
    else:
        return None
    scale = str(header.get("TIMESYS", "UTC")).upper()
    if scale not in {"UTC", *_UTC_OF}:
        raise DecodeError(f"{path.name} has times in {scale}; we know UTC, TAI and TT")
    try:
        mjd = value if isinstance(value, float | int) else _mjd_of_date(value)
        return float(mjd) if scale == "UTC" else mjd_utc(1000 * _UTC_OF[scale](mjd))
    except ValueError as error:
        raise DecodeError(f"{path.name} has the {keyword} {value!r}: {error}") from error


def _mjd_of_date(text: str) -> float:
    """Return an ISO 8601 date, which has no zone in FITS, as MJD on its own clock [d]."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return _UNIX_MJD + (moment - _EPOCH) / timedelta(days=1)
