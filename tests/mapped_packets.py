"""Packets of surveys that nobody wrote a module for, and the mappings that declare them."""

import gzip
import io
from pathlib import Path

import numpy as np

from pipeline.decode import Decoder
from pipeline.fits_writer import image_hdu
from pipeline.mapping import PacketMapping, read_mappings
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader
from tests.strategies import BIG_ID, container, record

__all__ = [
    "MAPPINGS_FILE",
    "PACKINGS",
    "STAMPS",
    "broken_at_the_source",
    "decoder",
    "mapping",
    "packet",
    "packet_for",
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


def packet_for(one, stamps):
    """Return a packet with just the fields of a mapping.

    Parameters
    ----------
    stamps
        Science, difference and template, which is left out if the mapping has none.
    """
    pack = PACKINGS["gzipped FITS"][1]
    images = (one.images.science, one.images.difference, one.images.template)
    values = {
        one.event_id: ("string", "a simulated event"),
        one.time.field: ("double", {"jd": 2461041.5, "mjd": 61041.0}[one.time.format]),
        one.position.ra_deg: ("double", 11.0),
        one.position.dec_deg: ("double", -12.0),
        **{path: ("bytes", pack(stamp)) for path, stamp in zip(images, stamps, strict=True)},
    }
    schema, packed = {}, {}
    for path in one.fields:
        kind, value = values[path]
        outer, _, inner = path.partition(".")
        if inner:
            schema.setdefault(outer, {})[inner] = kind
            packed.setdefault(outer, {})[inner] = value
        else:
            schema[outer], packed[outer] = kind, value
    types = {
        name: record(f"{one.record}.{name}", **kind) if isinstance(kind, dict) else kind
        for name, kind in schema.items()
    }
    return container(record(one.record, **types), packed)


def broken_at_the_source():
    """Return a packet whose schema gives an integer the default null, as TURBO's does."""
    fid = {"name": "fid", "type": "int", "default": 1234}
    candidate = {"type": "record", "name": "simulated.candidate", "fields": [fid]}
    schema = {**record("simulated.turbo", candid="long", candidate=candidate), "version": "0.1"}
    data = container(schema, {"candid": 1, "candidate": {"fid": 2}})
    return data.replace(b'"default": 1234', b'"default": null')


def decoder(one):
    """Return the decoder of the stream hits with one mapping."""
    stream = STREAMS["hits"]
    formats = (stream.map_packets("simulated", one), *stream.formats)
    return Decoder(stream, PacketReader(formats, SchemaStore()))


def shipped_mappings():
    """Return the mappings that come with us, by name."""
    return read_mappings(MAPPINGS_FILE, "hits")
