"""Simulate a night of candidates: packets in the surveys' wire formats, and the truth about them."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

import schemas
from models.deep_hits.simulate import simulate
from pipeline.simulation.hits_packets import (
    LSST_SCHEMA_ID,
    Sky,
    lsst_packet,
    native_packet,
    ztf_packet,
)
from pipeline.simulation.packet import SimulatedPacket, write_folder

__all__ = [
    "FAMILIES",
    "Family",
    "simulate_hits",
    "simulated_packets",
    "write_schemas",
]

Family: TypeAlias = Literal["native", "ztf", "lsst", "mixed"]

FAMILIES: tuple[Family, ...] = ("native", "ztf", "lsst")

_FIRST_IDS = {"native": 2**53 + 1, "ztf": 2 * 10**18 + 1, "lsst": 17 * 10**16 + 1}
"""Odd and above 2**53, so that an id that went through a double comes out wrong."""

_MOST = 10**7
"""Candidates of a seed, so that no two seeds share ids."""

_START_MJD = 61041.0
"""2026-01-01, Modified Julian Date [d, UTC]."""

_EXPOSURES_PER_DAY = 2880

_CHUNK = 256
"""Candidates to simulate at a time."""


def simulate_hits(count: int, seed: int, out: Path, *, family: Family = "mixed") -> Path:
    """Write a folder of packets, as `~pipeline.simulation.packet.write_folder` does.

    Parameters
    ----------
    count
        Number of packets.
    seed
        The same seed makes the same files.
    out
        The folder, which must be empty if it exists.
    family
        Which packets; ``"mixed"`` takes turns.

    Returns
    -------
    :
        The folder. Schemas of framed packets are in ``schemas/`` inside it, by their id.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    """
    write_folder(simulated_packets(seed, family=family), count, out)
    if family in ("lsst", "mixed"):
        write_schemas(out / "schemas")
    return out


def simulated_packets(seed: int, *, family: Family = "mixed") -> Iterator[SimulatedPacket]:
    """Yield simulated packets for ever, or rather 10 million times.

    Parameters
    ----------
    seed
        The same seed makes the same packets; below 2**32.
    family
        Which packets; ``"mixed"`` takes turns.
    """
    turns = itertools.cycle(FAMILIES if family == "mixed" else (family,))
    for chunk in range(_MOST // _CHUNK):
        rng = np.random.default_rng([seed, chunk])
        made = simulate(rng, _CHUNK)
        for row, one in zip(range(_CHUNK), turns, strict=False):
            number = chunk * _CHUNK + row
            sky = Sky(
                event_id=_FIRST_IDS[one] + 2 * (seed * _MOST + number),
                mjd_utc=_START_MJD + number / _EXPOSURES_PER_DAY,
                ra_deg=float(rng.uniform(0, 360)),
                dec_deg=float(np.degrees(np.arcsin(rng.uniform(-1, 1)))),
            )
            sample = made.samples[row]
            match one:
                case "native":
                    data = native_packet(sample, sky)
                case "ztf":
                    data = ztf_packet(sample, sky, rng)
                case _:
                    data = lsst_packet(sample, sky, rng)
            yield SimulatedPacket(
                data=data,
                family=one,
                event_id=str(sky.event_id),
                label=int(made.labels[row]),
                kind=str(made.kinds[row]),
                snr=float(made.snr[row]),
            )


def write_schemas(folder: Path) -> Path:
    """Write the schemas of framed packets to a directory for `pipeline.schema_store`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(schemas.load("simulated_lsst"), indent=1)
    (folder / f"{LSST_SCHEMA_ID}.avsc").write_text(text)
    return folder
