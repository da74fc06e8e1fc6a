"""What readers of files return: the strain of one detector as it was written, and what may be used."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["GWF_MAGIC", "HDF5_MAGIC", "SIMULATED_SURVEY", "Recorded"]

GWF_MAGIC = b"IGWD\0"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

SIMULATED_SURVEY = "simulated strain"
"""Of what no detector has measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Strain of one detector without a gap in time."""

    survey: str
    """Whose files are like this, or `SIMULATED_SURVEY` if the file says that it is simulated."""

    detector: str
    gps_start_s: float
    """Time of the first sample [s GPS]."""

    sample_rate_hz: int
    strain: npt.NDArray[np.floating[Any]]
    """Shape ``(t,)`` [dimensionless]."""

    usable: npt.NDArray[np.bool_] | None
    """Which samples may be used, shape ``(t,)``; None if the file says nothing of it."""
