"""Closed seconds to whitened windows: what the network is asked about.

Each detector has a buffer of its last `~models.strain_resnet.running.BUFFER_S` without a gap, which
is whitened as a whole by its own noise each time it grows. A window has the detectors whose buffers
reach around it; one that is too young is left out rather than waited for, unless there is no other.
A gap empties the buffer of its detector, so no window has a gap in it, or the ringing beside one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from models.strain_resnet.buffer_whitening import EDGE_S, LEAST_S, WINDOW_S, whiten_buffer
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.running import BUFFER_S, WINDOW_SAMPLES, is_strain, window_of
from pipeline.running.joiner import Second

__all__ = ["SECOND_NS", "Window", "Windows"]

SECOND_NS = 1_000_000_000

_EDGE_NS, _WINDOW_NS = int(EDGE_S * SECOND_NS), int(WINDOW_S * SECOND_NS)


@dataclass(frozen=True, slots=True)
class Window:
    """Two seconds, whitened."""

    start_ns: int
    """Time of the first sample [ns GPS]."""

    detectors: tuple[str, ...]
    input: Float32[ndarray, "2048 3"]
    """Zeros for a detector that is not there."""


@dataclass(slots=True)
class _Buffer:
    first_s: int
    rate_hz: int
    seconds: list[Float64[ndarray, " t"]]

    @property
    def is_ready(self) -> bool:
        return len(self.seconds) >= LEAST_S

    def covers(self, start_ns: int) -> bool:
        return self.first_s * SECOND_NS + _EDGE_NS <= start_ns


class Windows:
    """Cuts the windows of one partition.

    Parameters
    ----------
    stride_ns
        From window to window; they begin at multiples of it [ns GPS].
    """

    def __init__(self, stride_ns: int) -> None:
        self._stride_ns = stride_ns
        self._buffers: dict[str, _Buffer] = {}
        self._end_s: int | None = None
        self.next_ns: int | None = None
        """Where the next window begins: what was before is settled [ns GPS]."""

    def advance(self, second: Second) -> list[Window]:
        """Take a closed second, and return the windows that it completes, in order.

        A second that does not follow the last one ends all buffers.
        """
        if self._end_s != second.gps_s:
            self._buffers.clear()
            self.next_ns = -(-second.gps_s * SECOND_NS // self._stride_ns) * self._stride_ns
        self._end_s = second.gps_s + 1
        for detector in DETECTORS:
            self._extend(detector, second)
        return self._cut(self._end_s * SECOND_NS - _EDGE_NS - _WINDOW_NS)

    def _extend(self, detector: str, second: Second) -> None:
        strain = second.strain.get(detector)
        if strain is None or not is_strain(strain):
            self._buffers.pop(detector, None)
            return
        buffer = self._buffers.get(detector)
        if buffer is None or buffer.rate_hz != len(strain):
            self._buffers[detector] = _Buffer(second.gps_s, len(strain), [strain])
            return
        buffer.seconds.append(strain)
        if len(buffer.seconds) > BUFFER_S:
            del buffer.seconds[0]
            buffer.first_s += 1

    def _cut(self, last_ns: int) -> list[Window]:
        """Cut all windows that begin up to then."""
        white: dict[str, Float32[ndarray, " t"]] = {}
        windows: list[Window] = []
        if self.next_ns is None:
            return windows
        while self.next_ns <= last_ns:
            around = {d: b for d, b in self._buffers.items() if b.covers(self.next_ns)}
            ready = [detector for detector, buffer in around.items() if buffer.is_ready]
            if around and not ready:
                break  # the noise is not known yet
            for detector in ready:
                if detector not in white:
                    buffer = around[detector]
                    white[detector] = whiten_buffer(np.concatenate(buffer.seconds), buffer.rate_hz)
            if ready:
                windows.append(self._window(self.next_ns, ready, white))
            self.next_ns += self._stride_ns
        return windows

    def _window(
        self, start_ns: int, ready: list[str], white: dict[str, Float32[ndarray, " t"]]
    ) -> Window:
        inputs = np.zeros((WINDOW_SAMPLES, len(DETECTORS)), np.float32)
        for detector in ready:
            begin_s = (start_ns - self._buffers[detector].first_s * SECOND_NS) / SECOND_NS
            column = DETECTORS.index(detector)
            inputs[:, column] = window_of(white[detector][:, None], begin_s)[:, 0]
        return Window(start_ns, tuple(sorted(ready)), inputs)
