"""The alert streams: one module or folder each, and the table of them.

A stream is a value (`pipeline.core.Stream`).  To add one, write its module and a line here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.stream import Stream
from pipeline.streams import hits, maxi, strain, xgamma

__all__ = ["STREAMS"]

STREAMS: Mapping[str, Stream] = MappingProxyType(
    {stream.name: stream for stream in (hits.STREAM, maxi.STREAM, strain.STREAM, xgamma.STREAM)}
)
