"""Chunk files as Python 2 wrote them: pickles of protocol 2, instruction by instruction."""

import struct

import numpy as np


def text(value):
    """Push a byte string, as Python 2 has them (BINSTRING)."""
    data = value if isinstance(value, bytes) else value.encode()
    return b"T" + struct.pack("<i", len(data)) + data


def number(value):
    return b"J" + struct.pack("<i", value)


def array(values):
    """Push an array: an empty one of `numpy.core.multiarray`, then its state."""
    letter = values.dtype.str[1:]
    kind = b"cnumpy\ndtype\n" + text(letter) + number(0) + number(1) + b"\x87R"
    little = number(3) + text("<") + b"NNN" + number(-1) * 2 + number(0)
    kind += b"(" + little + b"tb"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n"
    empty += b"cnumpy\nndarray\n" + number(0) + b"\x85" + text("b") + b"\x87R"
    shape = b"(" + b"".join(map(number, values.shape)) + b"t"
    return empty + b"(" + number(1) + shape + kind + b"\x89" + text(values.tobytes()) + b"tb"


def chunk(content):
    """Return the bytes of a chunk; a value may be an array, or instructions."""
    items = b"".join(
        text(name) + (value if isinstance(value, bytes) else array(value))
        for name, value in content.items()
    )
    return b"\x80\x02}(" + items + b"u."


def content(candidates, dtype=np.float32):
    """Lay simulated candidates out as a chunk has them."""
    n = len(candidates.labels)
    names = ("temp_images", "sci_images", "diff_images", "SNR_images")
    stamps = np.nan_to_num(candidates.samples).reshape(n, 4, 441).astype(dtype)
    return {
        **{name: np.ascontiguousarray(stamps[:, channel]) for channel, name in enumerate(names)},
        "labels": candidates.labels.astype(np.float64),
        "SNRs": candidates.snr.astype(np.float64),
    }
