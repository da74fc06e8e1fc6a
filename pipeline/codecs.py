"""Undo the compression of Avro blocks and of cutouts, and never fill the memory by it."""

import cramjam
from isal import isal_zlib

from pipeline.errors import DecodeError

__all__ = ["MOST_BYTES", "inflate", "unpack"]

MOST_BYTES = 64 * 2**20
"""What unpacks to more [byte] is refused: a short message must not fill the memory."""

_CRC_BYTES = 4


def unpack(codec: bytes, packed: bytes) -> bytes:
    """Undo one of Avro's codecs.

    Raises
    ------
    DecodeError
        If the data are damaged or too big, or the codec is not known.
    """
    match codec:
        case b"deflate":
            return inflate(packed, -15)
        case b"snappy":
            return _unsnap(packed)
        case b"zstandard":
            return _unzstd(packed)
    name = codec.decode("ascii", "backslashreplace")
    raise DecodeError(f"the Avro container is compressed with {name!r}")


def inflate(packed: bytes, window: int) -> bytes:
    """Undo deflate, and check what can be checked.

    Parameters
    ----------
    packed
        Compressed data.
    window
        As in `zlib.decompress`: -15 for the bare stream, 31 for gzip with its checksum, which
        nothing may follow.
    """
    stream = isal_zlib.decompressobj(window)
    try:
        data: bytes = stream.decompress(packed, MOST_BYTES)
    except Exception as error:  # its stub gives IsalError a type that cannot be caught
        raise DecodeError(f"the compressed data are damaged: {error}") from error
    if not stream.eof and len(data) == MOST_BYTES:
        raise DecodeError(f"the compressed data hold more than {MOST_BYTES} bytes")
    if not stream.eof:
        raise DecodeError("the compressed data are truncated")
    # fastavro leaves a part of zlib's checksum behind the bare stream
    if stream.unused_data and window > 0:
        raise DecodeError(f"{len(stream.unused_data)} bytes follow the compressed data")
    return data


def _unsnap(packed: bytes) -> bytes:
    body, checksum = packed[:-_CRC_BYTES], packed[-_CRC_BYTES:]
    try:
        size = cramjam.snappy.decompress_raw_len(body)
        if size > MOST_BYTES:
            raise DecodeError(f"the compressed data hold {size} bytes")
        data = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise DecodeError(f"the compressed data are damaged: {error}") from error
    if isal_zlib.crc32(data) != int.from_bytes(checksum, "big"):
        raise DecodeError("the compressed data do not have the checksum that they name")
    return data


def _unzstd(packed: bytes) -> bytes:
    size = 4 * len(packed)
    while True:
        room = bytearray(size)
        try:
            return bytes(room[: cramjam.zstd.decompress_into(packed, room)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error):
                raise DecodeError(f"the compressed data are damaged: {error}") from error
            if size >= MOST_BYTES:
                raise DecodeError(
                    f"the compressed data hold more than {MOST_BYTES} bytes"
                ) from error
        size = min(8 * size, MOST_BYTES)
