"""Packets of surveys that nobody wrote a module for, and the mappings that declare them."""

import gzip
import io
from pathlib import Path

import numpy as np

from pipeline.decode import Decoder
from pipeline.fits_writer import image_hdu
from pipeline.mapping import PacketMapping
from pipeline.schema_store import SchemaStore
from pipeline.settings import read_mappings
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader
from tests.strategies import BIG_ID, container, record

__all__ = [
    "MAPPINGS_FILE",
    "PACKINGS",
    "STAMPS",
    "decoder",
    "mapping",
    "packet",
    "shipped_mappings",
]

MAPPINGS_FILE = Path(__file__).parents[1] / "deploy" / "mappings" / "other_surveys.toml"

STAMPS = np.random.default_rng(8).normal(100, 10, (3, 31, 31)).astype(np.float32)
"""Template, science, difference."""

SCHEMA = record(
    "simulated.alert",
    objectId="string",
    candid="long",
    label=["null", "string"],
    candidate=record("simulated.candidate", mjd=["null", "double"], ra="double", dec="double"),
    stamps=record("simulated.stamps", template="bytes", science="bytes", difference="bytes"),
    cutoutScience="bytes",
    cutoutTemplate="bytes",
    cutoutDifference="bytes",
)
"""With the fields by which ZTF's packets are known, as several surveys have them."""


def npy(pixels):
    file = io.BytesIO()
    np.save(file, pixels)
    return file.getvalue()


PACKINGS = {
    "plain FITS": ("fits", image_hdu),
    "gzipped FITS": ("fits", lambda pixels: gzip.compress(image_hdu(pixels))),
    "npy": ("npy", npy),
    "npy of doubles": ("npy", lambda pixels: npy(pixels.astype(np.float64))),
    "npy by columns": ("npy", lambda pixels: npy(np.asfortranarray(pixels))),
}
"""How surveys pack stamps: what a mapping calls it, and the way from pixels to bytes."""


def packet(stamps=STAMPS, pack=image_hdu, candidate=(), **changes):
    """Return a container of one packet."""
    template, science, difference = (pack(stamp) for stamp in stamps)
    value = {
        "objectId": "SIM26aaa",
        "candid": BIG_ID,
        "label": None,
        "candidate": {"mjd": 61041.25, "ra": 150.1, "dec": -2.2, **dict(candidate)},
        "stamps": {"template": template, "science": science, "difference": difference},
        "cutoutScience": b"",
        "cutoutTemplate": b"",
        "cutoutDifference": b"",
    }
    return container(SCHEMA, value | changes)


def mapping(images=(), **changes):
    """Return the mapping of `packet`, with some keys changed."""
    table = {
        "record": "simulated.alert",
        "survey": "simulated survey",
        "event_id": "candid",
        "time": {
            "field": "candidate.mjd",
            "format": "mjd",
            "scale": "tai",
            "meaning": "middle of visit",
        },
        "position": {"ra_deg": "candidate.ra", "dec_deg": "candidate.dec"},
        "images": {
            "science": "stamps.science",
            "template": "stamps.template",
            "difference": "stamps.difference",
            "side": 31,
            **dict(images),
        },
    }
    return PacketMapping(**table | changes)


def decoder(one):
    """Return the decoder of the stream hits with one mapping."""
    stream = STREAMS["hits"]
    formats = (stream.map_packets("simulated", one), *stream.formats)
    return Decoder(stream, PacketReader(formats, SchemaStore()))


def shipped_mappings():
    """Return the mappings that come with us, by name."""
    return read_mappings(MAPPINGS_FILE, "hits")
