"""Gravitational-wave frame files (GWF), by gwframe: an optional package, because of its licence.

The channels are read one by one: gwframe passes over a channel that cannot be read when it is asked
for several.  It follows a damaged file for ever, so `gwf_check` looks at the file first.

References
----------
LIGO-T970130: the format; of FrameH, that runs below 0 are of simulated data.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ConfigurationError, DecodeError
from pipeline.streams.strain.channels import CHANNELS, Channels
from pipeline.streams.strain.gwf_check import check_gwf
from pipeline.streams.strain.quality import usable_samples
from pipeline.streams.strain.recorded import SIMULATED_SURVEY, Recorded

__all__ = ["can_read_gwf", "read_gwf", "write_gwf"]

_ROUNDING = 1e-6
"""How far a rate may be from a whole number, relatively."""

_STATE_RATE_HZ = 16
"""Of live state vectors."""

_SIMULATED = "sim"
"""The type of channels that no detector has measured (FrSimData)."""


def read_gwf(data: bytes, channels: Channels) -> Iterator[Recorded]:
    """Yield the strain in a file: of each frame in it, of each detector.

    Raises
    ------
    DecodeError
        If a frame has no strain channel that we know, or one that does not make sense, or if
        gwframe is not installed: what one message needs must not stop all others.
    Exception
        Of many kinds, if the file is damaged.
    """
    try:
        gwframe = _gwframe()
    except ConfigurationError as error:
        raise DecodeError(str(error)) from error
    check_gwf(data)
    index = 0
    while True:
        try:
            names = _channel_names(gwframe, data, index)
        except gwframe.errors.FrameIndexError:
            return
        found = 0
        for detector, wanted in channels.items():
            name = next((name for name in wanted.strain if name in names), None)
            if name is not None:
                found += 1
                state = next((name for name in wanted.state if name in names), None)
                yield _recorded(
                    detector,
                    gwframe.read_bytes(data, name, index, allow_invalid=True),
                    None if state is None else gwframe.read_bytes(data, state, index),
                )
        if not found:
            some = ", ".join(names[:10]) or "none"
            raise DecodeError(f"frame {index} has no strain channel that we know: it has {some}")
        index += 1


def write_gwf(
    strain: Mapping[str, npt.NDArray[np.float64]],
    *,
    gps_start_s: int,
    sample_rate_hz: int,
    words: Mapping[str, npt.NDArray[np.int64]],
    is_simulated: bool = False,
) -> bytes:
    """Return a frame file like those of the live detectors, with a state vector each.

    Parameters
    ----------
    strain
        By detector, shape ``(t,)``, whole seconds [dimensionless].
    gps_start_s
        Time of the first sample [s GPS].
    sample_rate_hz
        Samples a second [Hz].
    words
        Data-quality bits by detector, one word a second.
    is_simulated
        Say so in the type of its channels, and by a run below 0.

    Raises
    ------
    ConfigurationError
        If gwframe is not installed.
    """
    series: dict[str, npt.NDArray[Any]] = {}
    rates: dict[str, float] = {}
    for detector, values in strain.items():
        names = CHANNELS[detector]
        series[names.strain[0]], rates[names.strain[0]] = values, float(sample_rate_hz)
        state = np.repeat(np.asarray(words[detector], np.uint32), _STATE_RATE_HZ)
        series[names.state[0]], rates[names.state[0]] = state, float(_STATE_RATE_HZ)
    written: bytes = _gwframe().write_bytes(
        series,
        start=float(gps_start_s),
        sample_rate=rates,
        channel_type=_SIMULATED if is_simulated else "proc",
        run=-1 if is_simulated else 0,
    )
    return written


def can_read_gwf() -> bool:
    """Whether gwframe is installed."""
    return find_spec("gwframe") is not None


def _gwframe() -> Any:
    try:
        import gwframe
        import gwframe.errors
    except ImportError as error:
        raise ConfigurationError(
            "frame files (GWF) need the package gwframe: pip install 'skytriage[gwf]'"
        ) from error
    return gwframe


def _channel_names(gwframe: Any, data: bytes, index: int) -> Sequence[str]:
    """Return the names of a frame's channels, which gwframe tells when asked for another."""
    try:
        gwframe.read_bytes(data, "", index)
    except gwframe.errors.ChannelNotFoundError as error:
        names: Sequence[str] = error.available_channels
        return names
    raise DecodeError("the frame has a channel without a name")


def _recorded(detector: str, series: Any, state: Any | None) -> Recorded:
    """Check a series of strain and, if there is one, that of its state."""
    strain, name = series.array, series.name
    if strain.ndim != 1 or not strain.size or strain.dtype.kind != "f":
        raise DecodeError(f"{name} holds {strain.dtype} of shape {strain.shape}, no strain")
    rate_hz = round(series.sample_rate)
    if rate_hz < 1 or abs(series.sample_rate / rate_hz - 1) > _ROUNDING:
        raise DecodeError(f"{name} has {series.sample_rate} samples a second, no whole number")
    usable = None if series.mask is None else ~series.mask
    if state is not None:
        if (state.start, state.duration) != (series.start, series.duration):
            raise DecodeError(
                f"{state.name} is of {state.duration} s from GPS {state.start}, "
                f"and {name} of {series.duration} s from {series.start}"
            )
        good = usable_samples(state.array, strain.size, state.name)
        usable = good if usable is None else usable & good
    return Recorded(
        survey=SIMULATED_SURVEY if series.type == _SIMULATED else "igwn",
        detector=detector,
        gps_start_s=series.start,
        sample_rate_hz=rate_hz,
        strain=strain,
        usable=usable,
    )
