"""Say what bytes look like, for a person who wonders why they are no packet."""

import codecs
import zlib

from pipeline.container import MAGIC, Header
from pipeline.errors import DecodeError
from pipeline.schema_parts import title_of

__all__ = ["describe"]

_GZIP = b"\x1f\x8b"

_BEGINNINGS = {
    _GZIP: "gzip",
    b"SIMPLE  =": "a FITS file",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"\x89HDF": "an HDF5 file",
    b"IGWD": "a gravitational-wave frame file",
    b"PART,part_id=": "a chunk of a gravitational-wave frame file",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
}

_ZIP = b"PK\x03\x04"
_ZIP_NAME = 30
"""Where the first name in a zip archive begins; bytes 26 and 27 are its length. APPNOTE 4.3.7."""

_TAR = slice(257, 262)
"""Where ``ustar`` stands in a tar archive. POSIX.1-1988."""

_FRAME_BYTES = 5
"""A zero byte and a schema's id, which Confluent's wire format begins with."""

_LENGTH = 16
"""Bytes that are enough to tell text from binary."""

_INSIDE = 4096
"""Bytes to unpack of what is packed: enough for the header of what is inside."""


def describe(data: bytes) -> str:
    r"""Return what the data begin like.

    >>> describe(b"")
    'empty'
    >>> describe(b"\x89HDF\r\n")
    'an HDF5 file'
    >>> import gzip; describe(gzip.compress(b"SIMPLE  =                    T"))
    'gzip of a FITS file'
    >>> describe(b'{"candid": 1}')
    'JSON'
    >>> describe(bytes([0, 1, 2]))
    'unknown binary data (00 01 02)'
    """
    if not data:
        return "empty"
    return _describe_gzip(data) if data.startswith(_GZIP) else _describe_plain(data)


def _describe_gzip(data: bytes) -> str:
    try:
        inside = zlib.decompressobj(wbits=31).decompress(data, _INSIDE)
    except zlib.error:
        return "damaged gzip"
    return f"gzip of {'nothing' if not inside else _describe_plain(inside)}"


def _describe_plain(data: bytes) -> str:
    if data.startswith(MAGIC):
        return _describe_container(data)
    if data.startswith(_ZIP):
        end = _ZIP_NAME + int.from_bytes(data[26:28], "little")
        arrays = data[_ZIP_NAME:end].endswith(b".npy")
        return "NumPy arrays (.npz)" if arrays else "a zip archive"
    for beginning, name in _BEGINNINGS.items():
        if data.startswith(beginning):
            return name
    if data[_TAR] == b"ustar":
        return "a tar archive"
    return _describe_text(data)


def _describe_container(data: bytes) -> str:
    try:
        header = Header.read(data)
    except DecodeError:
        return "a damaged Avro container"
    title = title_of(header.schema)
    kind = f"an Avro container of {title}" if title else "an Avro container"
    return kind if len(data) > header.end else f"{kind} without records"


def _describe_text(data: bytes) -> str:
    start = data[:_LENGTH]
    if start.lstrip()[:1] in (b"{", b"["):
        return "JSON"
    if start.lstrip().startswith(b"<"):
        return "XML or HTML"
    try:  # the last character may be cut in two
        text = codecs.getincrementaldecoder("utf-8")().decode(start, final=len(data) <= _LENGTH)
    except UnicodeDecodeError:
        text = ""
    if text and all(one.isprintable() or one.isspace() for one in text):
        return f"text ({text!r})"
    unknown = f"unknown binary data ({start[:8].hex(' ')})"
    if data[0] or len(data) < _FRAME_BYTES:
        return unknown
    schema_id = int.from_bytes(data[1:_FRAME_BYTES], "big")
    return f"{unknown}, perhaps Avro framed with schema id {schema_id}"
