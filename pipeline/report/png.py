"""PNG images of a few hundred pixels, without a library for them.

A picture is an array of palette indices.  Index 0 is transparent and stands
for pixels that are not there, so the page can show them as it likes.

References
----------
Portable Network Graphics (PNG) Specification, third edition, W3C 2025:
signature and chunks in 5, IHDR in 11.2.1, filter type 0 in 9.2.
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt

__all__ = ["MISSING", "Indices", "Palette", "encode_png"]

Indices = npt.NDArray[np.uint8]
Palette = npt.NDArray[np.uint8]

MISSING = 0
"""Palette index of a pixel that is not there."""

INDEXED_COLOUR = 3
NO_FILTER = b"\0"


def encode_png(indices: Indices, palette: Palette) -> bytes:
    """Return an image as a PNG file.

    Parameters
    ----------
    indices
        Palette indices, shape ``(y, x)``, the first row on top.
    palette
        Red, green and blue of each index, shape ``(colours, 3)``, at most 256 of them;
        what index `MISSING` has does not matter.

    Raises
    ------
    ValueError
        If a pixel has an index that the palette has not.

    Examples
    --------
    >>> encode_png(np.ones((2, 3), np.uint8), np.zeros((2, 3), np.uint8))[1:4]
    b'PNG'
    """
    if indices.size and indices.max() >= len(palette):
        raise ValueError(f"index {indices.max()} in a palette of {len(palette)}")
    height, width = indices.shape
    rows = b"".join(NO_FILTER + row.tobytes() for row in indices)
    header = struct.pack(">IIBBBBB", width, height, 8, INDEXED_COLOUR, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"tRNS", b"\0"),  # alpha of index 0; the others are opaque
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
