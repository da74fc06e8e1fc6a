"""Detector strain: is there a merger of two black holes in it, or only noise.

Segments of two seconds are judged one by one (`segment`).  Frames of running detectors (`frames`,
and `parts` where they come in chunks) are read here and judged with their neighbours.
``docs/strain.md`` says what is done to strain.
"""

from pipeline.stream import Stream
from pipeline.streams.strain import packet, segment
from pipeline.streams.strain.files import read_file

__all__ = ["STREAM"]

STREAM = Stream(
    name="strain",
    network="strain_resnet",
    formats=(segment.FORMAT, packet.FORMAT),
    has_frames=True,
    read_file=read_file,
)
