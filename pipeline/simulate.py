"""Simulate a night of candidates: packets in the surveys' wire formats, and the truth about them."""

import csv
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

import schemas
from models.deep_hits.simulate import simulate
from pipeline.simulated_packets import (
    LSST_SCHEMA_ID,
    Sky,
    lsst_packet,
    native_packet,
    ztf_packet,
)

__all__ = [
    "FAMILIES",
    "Family",
    "SimulatedPacket",
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
"""2025-12-31, Modified Julian Date [d, UTC]."""

_EXPOSURES_PER_DAY = 2880

_CHUNK = 256
"""Candidates to simulate at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPacket:
    """A packet, and the truth about it."""

    data: bytes
    family: Family
    event_id: int
    label: int
    """1 for a real transient, 0 for an artefact."""

    kind: str
    """What it is: ``"transient"``, ``"cosmic ray"`` ..."""

    snr: float
    """Signal-to-noise ratio that it was given [dimensionless]."""


def simulate_hits(count: int, seed: int, out: Path, *, family: Family = "mixed") -> Path:
    """Write a folder of packets, with the truth in ``labels.csv``.

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
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    out.mkdir(parents=True, exist_ok=True)
    if family in ("lsst", "mixed"):
        write_schemas(out / "schemas")
    with (out / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", "eventId", "label", "kind", "snr"))
        packets = itertools.islice(simulated_packets(seed, family=family), count)
        for number, packet in enumerate(packets):
            name = f"{number:06}.{packet.family}.avro"
            (out / name).write_bytes(packet.data)
            truth = packet.event_id, packet.label, packet.kind, f"{packet.snr:.3f}"
            table.writerow((name, *truth))
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
                event_id=sky.event_id,
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
