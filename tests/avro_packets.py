"""A packet with Avro's kinds of fields in it, and its reading, for tests of the wire formats."""

from pipeline.schema_store import SchemaStore
from pipeline.stream import PacketFormat
from pipeline.wire import PacketReader
from tests.strategies import BIG_ID, record

__all__ = ["FORMAT", "SCHEMA", "VALUE", "Store", "read"]

CUTOUT = record("cutout", fileName="string", stampData="bytes")
HISTORY = {
    "type": "array",
    "items": record("old", jd="double", magpsf=["null", "float"], name=["null", "string"]),
}
SCHEMA = record(
    "alert",
    objectId="string",
    candid="long",
    candidate=record(
        "candidate", jd="double", magpsf="float", tags={"type": "map", "values": "int"}
    ),
    history=["null", HISTORY],
    cutoutScience=["null", CUTOUT],
    cutoutTemplate=["null", "cutout"],
)
VALUE = {
    "objectId": "ZTF18",
    "candid": BIG_ID,
    "candidate": {"jd": 2458493.5, "magpsf": 18.5, "tags": {"a": 1}},
    "history": [
        {"jd": 1.0, "magpsf": None, "name": "x" * 100},
        {"jd": 2.0, "magpsf": 3.0, "name": None},
    ],
    "cutoutScience": {"fileName": "a.fits", "stampData": b"science"},
    "cutoutTemplate": None,
}
FORMAT = PacketFormat(
    name="alert",
    needs=frozenset({"candid", "candidate"}),
    fields=("candid", "candidate.jd", "candidate.absent", "cutoutScience.stampData", "absent"),
    decode=lambda fields: fields,
)


def read(data, *, formats=(FORMAT,), store=None, **options):
    return PacketReader(formats, store or SchemaStore(), **options).read(data)


class Store(SchemaStore):
    """Has the schemas that it is given, by their ids."""

    def __init__(self, schemas):
        super().__init__()
        self._schemas = schemas
