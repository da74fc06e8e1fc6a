"""What can go wrong, sorted by what the daemon does about it.

::

    PipelineError
    ├── InvalidMessage      never retry: dead-letter the message, go on
    │   ├── DecodeError     the bytes are no packet that the stream knows
    │   ├── MissingInput    a good packet without something the network needs
    │   ├── UnusableSample  pixels or samples that nothing can be said of
    │   ├── InferenceError  the network fails on this one, or answers with a NaN
    │   └── EncodeError     the answer does not fit the schema it is to be sent in
    ├── TransientError      wait, and try again as long as it takes: the message is fine
    ├── WorkerError         start a new worker, and give up if it happens too often
    └── ConfigurationError  refuse to start, or stop: somebody must change a setting

A handler catches one of the four families and never their members, so adding
a member never means finding the handlers.
"""

from typing import ClassVar

__all__ = [
    "ConfigurationError",
    "DecodeError",
    "EncodeError",
    "InferenceError",
    "InvalidMessage",
    "MissingInput",
    "PipelineError",
    "TransientError",
    "UnusableSample",
    "WorkerError",
]


class PipelineError(Exception):
    """Base class of every error that this package raises."""


class InvalidMessage(PipelineError):
    """This message can never be classified, however often it is tried."""

    stage: ClassVar[str] = "decode"
    """Where the daemon gave up; a label of the dead-letter metric."""


class DecodeError(InvalidMessage):
    """The bytes are not a packet that the stream knows."""


class MissingInput(InvalidMessage):
    """The packet is well formed, but lacks something the network needs."""


class UnusableSample(InvalidMessage):
    """The pixels or samples are nothing to judge by."""

    stage: ClassVar[str] = "preprocess"


class InferenceError(InvalidMessage):
    """The network fails on this sample, or gives no finite answer."""

    stage: ClassVar[str] = "infer"


class EncodeError(InvalidMessage):
    """The answer does not fit the schema that it is to be sent in."""

    stage: ClassVar[str] = "encode"


class TransientError(PipelineError):
    """Something outside failed, and the same call may succeed later."""


class WorkerError(PipelineError):
    """This worker cannot go on; a new one may."""


class ConfigurationError(PipelineError):
    """The settings, schemas, weights or devices do not fit together."""
