"""Simulate one-orbit images of MAXI/GSC: as messages, or as the list of events behind them.

Messages take turns in how the image is written: bare counts, a FITS image of counts with
coordinates, PNG, JPEG.  The last two say nothing of the flux, as in reality.  ``snr`` is the
photons of the central source over the square root of all events within 20 pixels of the middle.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from models.maxi_flare.flux import BAND_KEV
from models.maxi_flare.render import FIELD
from models.maxi_flare.simulate import RINGS, Images, simulate
from models.maxi_flare.sky import DEG_PER_PIXEL, TYPICAL_EXPOSURE_CM2_S
from pipeline.fits_writer import image_hdu
from pipeline.simulation.packet import SimulatedPacket
from pipeline.streams.maxi.message import SIMULATED, Image, write_message

__all__ = ["TRANSIT_S", "Transit", "simulated_packets", "simulated_transits"]

_FIRST_ID = 2**53 + 1
"""Odd, so that an id that went through a double comes out wrong."""

_MOST = 10**7
"""Images of a seed, so that no two seeds share ids."""

_START_MJD = 61040.0
"""2025-12-31, Modified Julian Date [d, UTC]."""

_CADENCE_S = 30.0
"""From one image to the next: some 180 positions in an orbit [s]."""

TRANSIT_S = 245.0
"""Length of the exposure of the one public image [s]."""

_CHUNK = 64
"""Images to simulate at a time."""

_NEAR = int(np.searchsorted(RINGS, 20))
"""Rings within 20 pixels of the middle."""

_QUALITY = 100
"""Of the JPEG, as in the one public image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transit:
    """One simulated image, and the truth about it."""

    photons: npt.NDArray[np.uint16]
    """Events in each pixel, the first row the lowest; shape ``(106, 106)``."""

    picture: npt.NDArray[np.uint8]
    """Grey levels, likewise."""

    exposure_cm2_s: float
    label: int
    """1 for a flare in the middle."""

    kind: str
    snr: float


def simulated_transits(rng: np.random.Generator, chunk: int = _CHUNK) -> Iterator[Transit]:
    """Yield simulated transits for ever."""
    while True:
        made = simulate(rng, chunk)
        for row in range(chunk):
            yield _transit(made, row)


def _transit(made: Images, row: int) -> Transit:
    label, disturbance = int(made.labels[row]), str(made.kinds[row])
    kind = "flare" if label else "empty sky"
    near = int(made.rings[row, :_NEAR].sum())
    return Transit(
        photons=made.photons[row],
        picture=made.pictures[row],
        exposure_cm2_s=float(made.depth[row]) * TYPICAL_EXPOSURE_CM2_S,
        label=label,
        kind=kind if disturbance == "plain" else f"{kind}, {disturbance}",
        snr=float(made.counts[row]) / max(near, 1) ** 0.5,
    )


def simulated_packets(seed: int) -> Iterator[SimulatedPacket]:
    """Yield simulated messages for ever, or rather 10 million times.

    Parameters
    ----------
    seed
        The same seed makes the same messages; below 2**32.
    """
    for chunk in range(_MOST // _CHUNK):
        rng = np.random.default_rng([seed, chunk])
        for row, transit in enumerate(islice(simulated_transits(rng), _CHUNK)):
            number = chunk * _CHUNK + row
            event_id = _FIRST_ID + 2 * (seed * _MOST + number)
            start_mjd = _START_MJD + number * _CADENCE_S / 86_400
            ra_deg = round(float(rng.uniform(0, 360)), 6)
            dec_deg = round(float(np.degrees(np.arcsin(rng.uniform(-1, 1)))), 6)
            write = _WRITERS[number % len(_WRITERS)]
            image, form, quantity = write(transit, ra_deg, dec_deg)
            yield SimulatedPacket(
                data=write_message(
                    Image(
                        survey=SIMULATED,
                        image_id=str(event_id),
                        image_id_long=event_id,
                        image=image,
                        format=form,
                        quantity=quantity,
                        ra_deg=ra_deg,
                        dec_deg=dec_deg,
                        pixel_deg=DEG_PER_PIXEL,
                        start_mjd_utc=start_mjd,
                        stop_mjd_utc=start_mjd + TRANSIT_S / 86_400,
                        band_kev=BAND_KEV,
                        exposure_cm2_s=transit.exposure_cm2_s,
                    )
                ),
                family="maxi",
                event_id=str(event_id),
                label=transit.label,
                kind=transit.kind,
                snr=transit.snr,
            )


_Written = tuple[bytes | npt.NDArray[np.uint16], str, str]
"""An image, its format and its quantity."""


def _raw(transit: Transit, _ra_deg: float, _dec_deg: float) -> _Written:
    return transit.photons.astype("<u2"), "raw", "counts"


def _fits(transit: Transit, ra_deg: float, dec_deg: float) -> _Written:
    cards: dict[str, str | float] = {
        "CREATOR": "simulated by skytriage",
        "BUNIT": "count",
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRPIX1": (FIELD + 1) / 2,
        "CRPIX2": (FIELD + 1) / 2,
        "CRVAL1": ra_deg,
        "CRVAL2": dec_deg,
        "CDELT1": -DEG_PER_PIXEL,
        "CDELT2": DEG_PER_PIXEL,
        "RADESYS": "ICRS",
    }
    return image_hdu(transit.photons.astype(np.float32), cards), "fits", "counts"


def _png(transit: Transit, _ra_deg: float, _dec_deg: float) -> _Written:
    return _picture(transit, "png"), "png", "grey"


def _jpeg(transit: Transit, _ra_deg: float, _dec_deg: float) -> _Written:
    return _picture(transit, "jpeg", quality=_QUALITY), "jpeg", "grey"


def _picture(transit: Transit, form: str, **options: int) -> bytes:
    from PIL import Image as Pillow

    data = io.BytesIO()
    # A picture begins with its highest row.
    Pillow.fromarray(transit.picture[::-1]).save(data, form, **options)
    return data.getvalue()


_WRITERS: tuple[Callable[[Transit, float, float], _Written], ...] = (_raw, _fits, _png, _jpeg)
