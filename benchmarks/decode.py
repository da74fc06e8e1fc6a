"""How long one packet takes to decode: ``python -m benchmarks.decode [FOLDER]``.

FOLDER holds real packets as ``ztf/*/*.avro`` and ``lsst/*/*.avro``, and Rubin's schemas in
``lsst/schemas``; without it only simulated packets are timed.  The last column is the obvious way:
fastavro for the whole packet, astropy for the images.  Of pulses a message holds many; what one of
1,000 costs is in the last row, its share of taking the message apart included.
"""

import gzip
import io
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from astropy.io import fits

from pipeline.core import Origin, Record
from pipeline.decode import Decoder
from pipeline.errors import InvalidMessage
from pipeline.schema_store import SchemaStore
from pipeline.simulation import SIMULATED
from pipeline.simulation.hits import FAMILIES, simulated_packets, write_schemas
from pipeline.stream import Stream
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader, join_containers

__all__ = ["main"]

_CUTOUTS = ("cutoutTemplate", "cutoutScience", "cutoutDifference")
_REPEATS = 250
_OBVIOUS_REPEATS = 12
_MOST_PACKETS = 40
_BATCH = 1000
_BATCH_REPEATS = 20


def main() -> None:
    """Print the table of ``docs/wire-formats.md``."""
    warnings.simplefilter("ignore")  # astropy, about the headers of ZTF
    stream = STREAMS["hits"]
    print("| packets | read [ms] | decode [ms] | fastavro in full, and astropy [ms] |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as schemas:
        store = SchemaStore(directory=write_schemas(Path(schemas)))
        reader = PacketReader(stream.formats, store)
        for family in FAMILIES:
            made = islice(simulated_packets(1, family=family), _MOST_PACKETS)
            packets = [one.data for one in made]
            _row(f"{family}, simulated", packets, stream, reader, _parsed(store))
        _pulses(store)
    for folder in map(Path, sys.argv[1:]):
        store = SchemaStore(directory=folder / "lsst" / "schemas")
        reader = PacketReader(stream.formats, store)
        for name, packets in _real(folder, Decoder(stream, reader)).items():
            _row(name, packets[:_MOST_PACKETS], stream, reader, _parsed(store))


def _pulses(store: SchemaStore) -> None:
    """Time pulses one by one, and as records of one message."""
    stream = STREAMS["xgamma"]
    reader = PacketReader(stream.formats, store)
    packets = [packet.data for packet in islice(SIMULATED["xgamma"](1), _BATCH)]
    _row("pulses, simulated", packets[:_MOST_PACKETS], stream, reader, _parsed(store))
    decoder, batch = Decoder(stream, reader), join_containers(packets)
    record = Record(batch, Origin("xgamma", 0, 0))

    def read() -> None:
        for part in decoder.split(record):
            reader.read(part.value)

    def decode() -> None:
        for part in decoder.split(record):
            decoder.decode(part.value)

    def obvious() -> None:
        packet: Any
        for packet in fastavro.reader(io.BytesIO(batch)):
            np.frombuffer(packet["waveform"], packet["dtype"])

    times = (_best_ms(work, _BATCH_REPEATS) / _BATCH for work in (read, decode, obvious))
    cells = " | ".join(f"{time:.3f}" for time in times)
    print(f"| one of {_BATCH} pulses in a message ({len(batch) / 1000:.0f} kB) | {cells} |")


def _real(folder: Path, decoder: Decoder) -> dict[str, list[bytes]]:
    """Return the good packets of a folder by their schema."""
    found: dict[str, list[bytes]] = {}
    for path in sorted([*folder.glob("ztf/*/*.avro"), *folder.glob("lsst/*/*.avro")]):
        data = path.read_bytes()
        try:
            found.setdefault(decoder.decode(data).schema_id, []).append(data)
        except InvalidMessage:
            continue
    return found


def _parsed(store: SchemaStore) -> Callable[[int], Any]:
    return cache(lambda schema_id: fastavro.parse_schema(store.get(schema_id)))


def _row(
    name: str,
    packets: Sequence[bytes],
    stream: Stream,
    reader: PacketReader,
    schemas: Callable[[int], Any],
) -> None:
    decoder = Decoder(stream, reader)
    read = _median_ms(reader.read, packets, _REPEATS)
    decode = _median_ms(decoder.decode, packets, _REPEATS)
    obvious = _median_ms(lambda data: _obvious(data, schemas), packets, _OBVIOUS_REPEATS)
    size = statistics.mean(map(len, packets)) / 1000
    print(
        f"| {name} ({len(packets)} packets, {size:.3g} kB) "
        f"| {read:.3f} | {decode:.3f} | {obvious:.2f} |",
        flush=True,
    )


def _median_ms(work: Callable[[bytes], object], packets: Sequence[bytes], repeats: int) -> float:
    """Return the median over the packets of the best CPU time [ms]."""
    return statistics.median(_best_ms(partial(work, data), repeats) for data in packets)


def _best_ms(work: Callable[[], object], repeats: int) -> float:
    """Return the best CPU time [ms]."""
    times = []
    for _ in range(repeats):
        start = time.process_time_ns()
        work()
        times.append(time.process_time_ns() - start)
    return min(times) / 1e6


def _obvious(data: bytes, schemas: Callable[[int], Any]) -> None:
    packet: Any
    if data.startswith(b"\0"):
        schema = schemas(int.from_bytes(data[1:5], "big"))
        packet = fastavro.schemaless_reader(io.BytesIO(data[5:]), schema, None)
    else:
        packet = next(fastavro.reader(io.BytesIO(data)))
    for name in _CUTOUTS:
        cutout = packet.get(name)
        if cutout is not None:
            _read_by_astropy(cutout["stampData"] if isinstance(cutout, dict) else cutout)


def _read_by_astropy(data: bytes) -> None:
    file = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    with fits.open(io.BytesIO(file), ignore_missing_simple=True) as hdus:
        for hdu in hdus[:2]:
            np.asarray(hdu.data, np.float32)


if __name__ == "__main__":
    main()
