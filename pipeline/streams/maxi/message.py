"""Write one-orbit images as messages of the schema ``maxi_image``: for files, and the simulator."""

import io
import json
from dataclasses import dataclass

import fastavro
import numpy as np
import numpy.typing as npt

import schemas
from pipeline.container import Header, write_container
from pipeline.core import ALERT_NAMESPACE

__all__ = ["EXPOSURES_CM2_S", "SIMULATED", "Image", "write_message"]

SIMULATED = "simulated maxi"
"""The survey of what is simulated."""

EXPOSURES_CM2_S = (1.0, 1e4)
"""A transit's exposure is about 100 cm2 s; outside these bounds it is a mistake [cm2 s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A record of ``maxi_image``; what is None is not known."""

    survey: str
    image_id: str
    image_id_long: int | None = None
    """The same as a 64-bit integer, where it is one."""

    image: bytes | npt.NDArray[np.generic]
    """A file, or numbers ``(y, x)``."""

    format: str
    """``fits``, ``jpeg``, ``png``; or ``raw``, for numbers."""

    quantity: str
    """``counts`` or ``grey``."""

    ra_deg: float | None = None
    """Of the middle, ICRS [deg]."""

    dec_deg: float | None = None
    pixel_deg: float | None = None
    start_mjd_utc: float | None = None
    stop_mjd_utc: float | None = None
    band_kev: tuple[float, float] | None = None
    exposure_cm2_s: float | None = None
    """Effective area, integrated over the transit [cm2 s]."""


_SCHEMA = schemas.without_docs(schemas.load("maxi_image"))
_PARSED = fastavro.parse_schema(_SCHEMA)

# All messages begin alike, so that a reader knows their header by one comparison.
_HEADER = Header(
    schema=json.dumps(_SCHEMA, separators=(",", ":")).encode(),
    codec=b"null",
    sync=ALERT_NAMESPACE.bytes,
    end=0,
)


def write_message(image: Image) -> bytes:
    """Return the Avro container of one image."""
    pixels = image.image
    low, high = image.band_kev or (None, None)
    record = {
        "survey": image.survey,
        "imageId": image.image_id,
        "imageIdLong": image.image_id_long,
        "format": image.format,
        "image": pixels if isinstance(pixels, bytes) else pixels.tobytes(),
        "dtype": None if isinstance(pixels, bytes) else pixels.dtype.str,
        "shape": None if isinstance(pixels, bytes) else list(pixels.shape),
        "quantity": image.quantity,
        "raDeg": image.ra_deg,
        "decDeg": image.dec_deg,
        "pixelDeg": image.pixel_deg,
        "startMjdUtc": image.start_mjd_utc,
        "stopMjdUtc": image.stop_mjd_utc,
        "bandLowKev": low,
        "bandHighKev": high,
        "exposureCm2S": image.exposure_cm2_s,
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, _PARSED, record)
    return write_container(_HEADER, [body.getvalue()])
