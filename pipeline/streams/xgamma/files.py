"""Files of digitised pulses to messages: HDF5, NPZ and CSV, known by their content.

`models.xgamma_pulse.pulse_files` has their layout.  Such files say nothing of instrument, time and
detector, and neither do the messages; an event is called by the file's content and its row, so that
the same pulse has the same id wherever the file lies.
"""

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from models.xgamma_pulse.pulse_files import PulseFileError, is_pulse_file, read_pieces
from pipeline.errors import DecodeError
from pipeline.first_bytes import describe
from pipeline.streams.xgamma.message import Pulse, write_message

__all__ = ["read_file"]

_DIGITS = 12
"""Of the content's hash: with 48 bits, a million files share none."""


def read_file(path: Path, data: bytes) -> Iterator[bytes]:
    """Yield a message for each pulse of a file.

    Raises
    ------
    DecodeError
        If it is another kind of file, is damaged or does not say how it was sampled; after the
        pulses before the damage.
    """
    if not is_pulse_file(data):
        raise DecodeError(
            f"{path.name} is {describe(data)}, and no file of pulses: HDF5, NPZ, or a CSV that "
            "begins with lines such as # sampling_period_ns = 100"
        )
    digest = sha256(data).hexdigest()[:_DIGITS]
    row = 0
    try:
        for piece in read_pieces(io.BytesIO(data), path.name):
            for waveform in piece.waveforms:
                yield write_message(
                    Pulse(
                        survey="pulse file",
                        event_id=f"{digest}/{row}",
                        waveform=waveform,
                        sampling_period_ns=piece.facts["sampling_period_ns"],
                        baseline_samples=int(piece.facts["baseline_samples"]),
                        full_scale=piece.facts.get("full_scale"),
                    )
                )
                row += 1
    except PulseFileError as error:
        raise DecodeError(str(error)) from error
