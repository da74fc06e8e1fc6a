"""The boundary behind which messages are candidates: bytes in, or an error that says why not.

Damaged bytes make the readers of Avro, FITS and gzip raise anything, so here `Exception` is
caught, as nowhere behind it.  What leaves is an `InvalidMessage`, which costs only the
message, or a `TransientError` of the schema registry, which a later try may not meet.
"""

from pipeline.core import Candidate, Stream
from pipeline.errors import DecodeError, PipelineError
from pipeline.wire import PacketReader

__all__ = ["Decoder"]


class Decoder:
    """Makes candidates of the messages of one stream.

    Parameters
    ----------
    stream
        The stream.
    reader
        Reads its packets' fields.
    """

    def __init__(self, stream: Stream, reader: PacketReader) -> None:
        self._stream = stream
        self._reader = reader

    def decode(self, data: bytes) -> Candidate:
        """Return the candidate in a message.

        Raises
        ------
        InvalidMessage
            If there is none.
        TransientError
            If the schema registry does not answer.
        """
        packet_format, fields, schema_id = self._reader.read(data)
        try:
            found = packet_format.decode(fields)
            return Candidate(found.event, found.sample, found.quality, schema_id)
        except PipelineError:
            raise
        except KeyError as error:
            name = packet_format.name
            raise DecodeError(f"the {name} packet has no field {error}") from error
        except Exception as error:
            raise DecodeError(
                f"the {packet_format.name} packet cannot be read: {type(error).__name__}: {error}"
            ) from error
