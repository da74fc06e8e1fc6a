"""What a background is measured on: whitened strain of one detector, cut second by second.

A second that completes a buffer lets the daemon judge the windows that have come out of the buffer's
end with it; its piece is what those windows are cut from. The buffer is a full one, of
`~models.strain_resnet.running.BUFFER_S`, each time: the daemon begins to judge with the first
`~models.strain_resnet.buffer_whitening.LEAST_S` after a gap, and those seconds are not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64
from numpy import ndarray

from models.strain_resnet.buffer_whitening import EDGE_S, WHITE_RATE_HZ, WINDOW_S, whiten_buffer
from models.strain_resnet.running import BUFFER_S, STRIDE_S

__all__ = ["AROUND_S", "Pieces", "join_pieces", "white_pieces"]

AROUND_S = 8.0
"""What is left out on either side of a known event: a merger of black holes and its ringing [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The pieces of one detector, in the order of time; there may be gaps between them."""

    ends_s: Int64[ndarray, " seconds"]
    """When the second ends that completes the buffer [s GPS]."""

    white: Float32[ndarray, "seconds samples"]
    """At 1024 Hz, of unit variance."""

    def without(self, event_s: float) -> "Pieces":
        """Leave out the pieces with a sample within `AROUND_S` of a time [s GPS]."""
        last_s = self.ends_s - EDGE_S
        first_s = last_s - self.white.shape[1] / WHITE_RATE_HZ
        kept = (first_s >= event_s + AROUND_S) | (last_s <= event_s - AROUND_S)
        return Pieces(self.ends_s[kept], self.white[kept])


def white_pieces(
    strain: Float64[ndarray, " t"],
    sample_rate_hz: int,
    *,
    stride_s: float = STRIDE_S,
    begin_s: int = 0,
) -> Pieces:
    """Whiten running strain without a gap, exactly as the daemon does.

    Parameters
    ----------
    strain
        Whole seconds; of less than a buffer there are no pieces.
    stride_s
        From window to window.
    begin_s
        Time of the first sample [s GPS].
    """
    reach = round((1 - stride_s + WINDOW_S) * WHITE_RATE_HZ)
    edge = round(EDGE_S * WHITE_RATE_HZ)
    seconds = len(strain) // sample_rate_hz
    white = np.empty((max(0, seconds - BUFFER_S + 1), reach), np.float32)
    for number in range(len(white)):
        buffer = strain[number * sample_rate_hz : (number + BUFFER_S) * sample_rate_hz]
        whitened = whiten_buffer(buffer, sample_rate_hz)
        white[number] = whitened[len(whitened) - edge - reach : len(whitened) - edge]
    return Pieces(begin_s + BUFFER_S + np.arange(len(white), dtype=np.int64), white)


def join_pieces(pieces: Sequence[Pieces]) -> Pieces:
    """Put pieces of one detector, at least one of them, one after the other."""
    return Pieces(
        np.concatenate([one.ends_s for one in pieces]),
        np.concatenate([one.white for one in pieces]),
    )
