"""Difference-image triplets: is the candidate a real source, or an artefact of subtraction.

Three families of packets come on this stream.  They differ in how they are written, and are one
`~pipeline.core.Candidate` when they leave: four 21x21 stamps in the order template, science,
difference, SNR difference.  ``docs/stamps.md`` says what is done to stamps that are not like that.
Those of more surveys are declared in the configuration; `mapped` reads them.
"""

from pipeline.stream import Stream
from pipeline.streams.hits import lsst, mapped, native, ztf

__all__ = ["STREAM"]

STREAM = Stream(
    name="hits",
    network="deep_hits",
    formats=(native.FORMAT, lsst.FORMAT, ztf.FORMAT),
    map_packets=mapped.packet_format,
)
