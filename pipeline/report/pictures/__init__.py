"""What the network was shown, as pictures: a module for each stream.

==========  ==================================================================
`picture`   what a picture is
`drawing`   numbers to pixels: palettes, images and curves
`hits`      template, science and differences of a candidate
`maxi`      the one-orbit image
`strain`    whitened strain of each detector, and what pitches are in it
`xgamma`    the pulse
==========  ==================================================================

A new stream adds its function to `PICTURES`; the pages know nothing else of it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.report.pictures.hits import hits
from pipeline.report.pictures.maxi import maxi
from pipeline.report.pictures.picture import Picture, Pictures
from pipeline.report.pictures.strain import strain
from pipeline.report.pictures.xgamma import xgamma

__all__ = ["PICTURES", "Picture", "Pictures"]

PICTURES: Mapping[str, Pictures] = MappingProxyType(
    {"hits": hits, "maxi": maxi, "strain": strain, "xgamma": xgamma}
)
"""By stream."""
