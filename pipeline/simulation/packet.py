"""A simulated packet and the truth about it, and a folder of them."""

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.wire import join_containers

__all__ = ["SimulatedPacket", "make_folder", "write_folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPacket:
    """A message of a stream, and the truth about it."""

    data: bytes
    family: str
    """Whose packet it is, for a stream that several surveys send to; else the stream's name."""

    event_id: str
    label: int
    """1 for the network's positive class."""

    kind: str
    """What it is: ``"transient"``, ``"cosmic ray"`` ..."""

    snr: float
    """How plain it was made: what is meant is the stream's to say [dimensionless]."""


def make_folder(out: Path) -> None:
    """Make a folder, or see that it is empty.

    Raises
    ------
    FileExistsError
        If there is something in it.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    out.mkdir(parents=True, exist_ok=True)


def write_folder(
    packets: Iterator[SimulatedPacket], count: int, out: Path, *, batch: int = 1
) -> Path:
    """Write packets as files of a folder, with the truth in ``labels.csv``, a line for each packet.

    Parameters
    ----------
    count
        How many to write.
    out
        The folder, which must be empty if it exists.
    batch
        Packets in a file, which have to be containers of one schema.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    """
    make_folder(out)
    with (out / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("file", "eventId", "label", "kind", "snr"))
        made = itertools.islice(packets, count)
        number = 0
        while group := list(itertools.islice(made, batch)):
            name = f"{number:06}.{group[0].family}.avro"
            data = [packet.data for packet in group]
            (out / name).write_bytes(join_containers(data) if batch > 1 else data[0])
            for packet in group:
                truth = packet.event_id, packet.label, packet.kind, f"{packet.snr:.3f}"
                table.writerow((name, *truth))
            number += len(group)
    return out
