"""One-orbit X-ray images of MAXI/GSC: a flare in the middle, or empty sky.

=============  ===============================================================
`packet`       a record of ``maxi_image`` to a candidate, with its flux
`pixels`       the image in it: FITS, JPEG, PNG or bare numbers
`message`      and an image to such a record
`files`        image files to messages
`event_lists`  the photons of MAXI's archive; `fields`: to images of one position
=============  ===============================================================

``docs/maxi.md`` says what may arrive, and what an alert says.
"""

from pipeline.stream import Stream
from pipeline.streams.maxi import packet
from pipeline.streams.maxi.files import read_file

__all__ = ["STREAM"]

STREAM = Stream(name="maxi", network="maxi_flare", formats=(packet.FORMAT,), read_file=read_file)
