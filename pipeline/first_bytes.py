"""Say what bytes look like, for a person who wonders why they are no packet."""

__all__ = ["describe"]

_BEGINNINGS = {
    b"Obj\x01": "an Avro container",
    b"SIMPLE  =": "a FITS file",
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "a zip archive",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "a NumPy array",
    b"PART,part_id=": "a chunk of a gravitational-wave frame file",
    b"IGWD": "a gravitational-wave frame file",
}

_LENGTH = 16
"""Bytes that are enough to tell text from binary."""


def describe(data: bytes) -> str:
    r"""Return what the data begin like.

    >>> describe(b"")
    'empty'
    >>> describe(b"PK\x03\x04\x14\x00")
    'a zip archive'
    >>> describe(b'{"candid": 1}')
    'JSON'
    >>> describe(bytes([0, 1, 2]))
    'unknown binary data (00 01 02)'
    """
    if not data:
        return "empty"
    for beginning, name in _BEGINNINGS.items():
        if data.startswith(beginning):
            return name
    start = data[:_LENGTH]
    if start.lstrip()[:1] in (b"{", b"["):
        return "JSON"
    if start.lstrip().startswith(b"<"):
        return "XML or HTML"
    if start.isascii() and start.decode("ascii").isprintable():
        return f"text ({start.decode('ascii')!r})"
    return f"unknown binary data ({start[:8].hex(' ')})"
