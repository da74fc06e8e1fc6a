"""One small image of what arrived."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.core import Candidate

__all__ = ["COLUMNS", "Picture", "Pictures"]

COLUMNS = 4
"""Of the grid in which the pictures of a candidate stand."""

_SIZE = slice(16, 24)
"""Where a PNG file says how large it is: in its first chunk, IHDR."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One small image of what arrived."""

    title: str
    alt: str
    """What it shows, for those who do not see it."""

    png: bytes
    columns: int = 1
    """How much room it needs, of `COLUMNS`."""

    is_curve: bool = False
    """Whether it is a drawing, and no image whose pixels one would like to see."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height [pixel]."""
        width, height = struct.unpack(">II", self.png[_SIZE])
        return width, height


Pictures = Callable[[Candidate], Sequence[Picture]]
"""What to show of a candidate."""
