"""What a dead letter says of itself, in headers that Kafka Connect's tools know.

Its value and key are those of the message, byte for byte, so it can be sent
back as it is; of a message that holds several records it has the one that
failed.  A message that fails again carries only the latest failure: headers
that grew with each return would one day be too large to send.
"""

import traceback
from collections.abc import Iterable
from types import TracebackType

from pipeline import __version__
from pipeline.core import Origin, Record
from pipeline.errors import InvalidMessage

__all__ = [
    "PREFIX",
    "REPLAY_HEADER",
    "Headers",
    "dead_letter_headers",
    "dead_letter_origin",
    "without_failure",
]

PREFIX = "__connect.errors."
VERSION_HEADER = "skytriage.version"
REPLAY_HEADER = "skytriage.replay"
"""On a message that is sent again on purpose, with any value; ours is the name of its letter."""

INDEX_HEADER, RECORDS_HEADER = "skytriage.record.index", "skytriage.record.count"

MESSAGE_BYTES = 1024
STACK_BYTES = 4096

Headers = Iterable[tuple[str, bytes | None]]


def dead_letter_headers(
    record: Record, error: InvalidMessage, *, task: str
) -> list[tuple[str, bytes | None]]:
    """Return the message's own headers, and ours about what went wrong.

    Parameters
    ----------
    record
        The message as it arrived.
    error
        Why it cannot be classified.
    task
        Name of the worker that gave up.
    """
    origin = record.origin
    ours = {
        PREFIX + "topic": origin.topic,
        PREFIX + "partition": str(origin.partition),
        PREFIX + "offset": str(origin.offset),
        PREFIX + "connector.name": "skytriage",
        PREFIX + "task.id": task,
        PREFIX + "stage": error.stage,
        PREFIX + "class.name": _raised_in(error.__traceback__),
        PREFIX + "exception.class.name": f"{type(error).__module__}.{type(error).__qualname__}",
        PREFIX + "exception.message": _beginning(str(error), MESSAGE_BYTES),
        # The innermost calls come last, and they are what one looks for.
        PREFIX + "exception.stacktrace": _end(
            "".join(traceback.format_exception(error)), STACK_BYTES
        ),
        INDEX_HEADER: str(origin.index),
        RECORDS_HEADER: str(origin.records),
        VERSION_HEADER: __version__,
    }
    kept = [(name, value) for name, value in record.headers if name not in ours]
    return kept + [(name, value.encode()) for name, value in ours.items()]


def dead_letter_origin(headers: Headers) -> Origin | None:
    """Return where the message of a dead letter came from; None if it does not say.

    >>> dead_letter_origin([("__connect.errors.topic", b"hits")]) is None
    True
    """
    named = dict(headers)
    try:
        return Origin(
            (named[PREFIX + "topic"] or b"").decode(),
            int(named[PREFIX + "partition"] or b""),
            int(named[PREFIX + "offset"] or b""),
            int(named.get(INDEX_HEADER) or b"0"),
            int(named.get(RECORDS_HEADER) or b"1"),
        )
    except (KeyError, ValueError):
        return None


def without_failure(headers: Headers) -> list[tuple[str, bytes | None]]:
    """Return the headers that the message had before it failed.

    >>> without_failure([("traceparent", b"00-1"), ("__connect.errors.stage", b"decode")])
    [('traceparent', b'00-1')]
    """
    ours = (PREFIX, INDEX_HEADER, RECORDS_HEADER, VERSION_HEADER)
    return [(name, value) for name, value in headers if not name.startswith(ours)]


def _raised_in(trace: TracebackType | None) -> str:
    """Return the module that raised; empty for a row that was only found to be bad."""
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", name)
        trace = trace.tb_next
    return name


def _beginning(text: str, size: int) -> str:
    return text.encode(errors="replace")[:size].decode(errors="ignore")


def _end(text: str, size: int) -> str:
    return text.encode(errors="replace")[-size:].decode(errors="ignore")
