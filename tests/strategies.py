"""Packets for tests: good ones of each family, and what may go wrong with them."""

import gzip
import io
from pathlib import Path

import cramjam
import fastavro
import numpy as np
from hypothesis import strategies as st

from pipeline.container import Header, blocks, encode_integer
from pipeline.decode import Decoder
from pipeline.fits_writer import image_hdu
from pipeline.schema_store import SchemaStore
from pipeline.simulation.hits import write_schemas
from pipeline.simulation.hits_packets import Sky, lsst_packet, native_packet, ztf_packet
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader

__all__ = [
    "BIG_ID",
    "GOOD_PACKETS",
    "SAMPLE",
    "container",
    "damaged",
    "framed",
    "gzipped_stamp",
    "hits_decoder",
    "record",
    "schemaless",
    "stream_decoder",
]

BIG_ID = 2**53 + 1
"""A double rounds it to 2**53."""

SKY = Sky(event_id=BIG_ID, mjd_utc=61041.25, ra_deg=150.1, dec_deg=-2.2)
SAMPLE = np.random.default_rng(1).normal(100, 10, (4, 21, 21)).astype(np.float32)
RNG = np.random.default_rng(2)

GOOD_PACKETS = {
    "native": native_packet(SAMPLE, SKY),
    "ztf": ztf_packet(SAMPLE, SKY, RNG),
    "lsst": lsst_packet(SAMPLE, SKY, RNG),
}


def record(name="r", /, **fields):
    """Return the schema of a record from its fields' types."""
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": field, "type": kind} for field, kind in fields.items()],
    }


def container(schema, *records, codec="null", **options):
    data = io.BytesIO()
    if codec != "zstandard":
        fastavro.writer(data, schema, records, codec=codec, **options)
        return data.getvalue()
    plain = container(schema, *records, **options)  # fastavro needs one more package for this
    header = Header.read(plain)
    start = plain[: header.end].replace(b"\x08null", b"\x12zstandard")
    for block in blocks(plain, header):
        packed = bytes(cramjam.zstd.compress(block.data[block.start : block.end]))
        start += encode_integer(block.records) + encode_integer(len(packed)) + packed
        start += header.sync
    return start


def schemaless(schema, value):
    data = io.BytesIO()
    fastavro.schemaless_writer(data, schema, value)
    return data.getvalue()


def framed(schema, value, schema_id):
    return b"\0" + schema_id.to_bytes(4, "big") + schemaless(schema, value)


def gzipped_stamp(pixels):
    return gzip.compress(image_hdu(np.asarray(pixels, np.float32)), mtime=0)


def hits_decoder(folder: Path) -> Decoder:
    """Return the decoder of the stream hits, for real kinds of packets and simulated ones."""
    stream = STREAMS["hits"]
    store = SchemaStore(directory=write_schemas(folder))
    return Decoder(stream, PacketReader(stream.formats, store))


def stream_decoder(name: str) -> Decoder:
    """Return the decoder of a stream whose packets carry their schemas."""
    stream = STREAMS[name]
    return Decoder(stream, PacketReader(stream.formats, SchemaStore()))


@st.composite
def damaged(draw, packets=None):
    """Return a good packet after cutting it short, or changing, losing or doubling a part."""
    data = draw(st.sampled_from(packets or list(GOOD_PACKETS.values())))
    at = draw(st.integers(0, len(data) - 1))
    length = draw(st.integers(1, 64))
    match draw(st.sampled_from(("cut", "flip", "lose", "double", "overwrite"))):
        case "cut":
            return data[:at]
        case "flip":
            flipped = data[at] ^ (1 << draw(st.integers(0, 7)))
            return data[:at] + bytes([flipped]) + data[at + 1 :]
        case "lose":
            return data[:at] + data[at + length :]
        case "double":
            return data[: at + length] + data[at:]
        case _:
            junk = draw(st.binary(min_size=length, max_size=length))
            return data[:at] + junk + data[at + length :]
