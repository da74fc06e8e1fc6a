"""Files of strain as the messages that detectors would send: keyed, in step, to one partition."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import ConfigurationError, InvalidMessage
from pipeline.files import FileMessage
from pipeline.streams.strain.playback import Recording, play, read_recordings

__all__ = ["play_files"]


def play_files(
    files: Sequence[Path], *, in_parts: bool = False, realtime: bool = False
) -> Iterator[FileMessage]:
    """Yield what detectors would send, one message each for every second; the key is the detector.

    Parameters
    ----------
    files
        HDF5 of GWOSC, or GWF, of any detectors. All are read before the first message.
    in_parts
        Send chunks of GWF files, as igwn-lldd-common does, and no containers.
    realtime
        Say when each is to be sent: a second after the second before. What lies between files,
        where no detector has any strain, takes no time.

    Raises
    ------
    ConfigurationError
        If a file cannot be played. Nothing is sent then.
    """
    recordings = [recording for file in files for recording in _read(file)]
    return _messages(recordings, in_parts, realtime)


def _read(file: Path) -> list[Recording]:
    try:
        return read_recordings(file, file.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except InvalidMessage as error:
        raise ConfigurationError(f"{file} cannot be played: {error}") from error


def _messages(
    recordings: Sequence[Recording], in_parts: bool, realtime: bool
) -> Iterator[FileMessage]:
    sent: Counter[Path] = Counter()
    seconds, last_gps_s = -1, -1
    for played in play(recordings, in_parts=in_parts):
        if played.gps_s != last_gps_s:
            seconds, last_gps_s = seconds + 1, played.gps_s
        yield FileMessage(
            played.file,
            sent[played.file],
            played.value,
            key=played.detector.encode(),
            partition=0,  # all detectors in one: there they are joined
            at_s=float(seconds) if realtime else None,
        )
        sent[played.file] += 1
