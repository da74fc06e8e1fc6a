"""Logs: one JSON object a line on standard error, from workers as from the supervisor."""

import logging
import sys
from typing import Any

import structlog

from pipeline.settings import LogSettings

__all__ = ["configure_logs"]

# With local variables a traceback would print the client's configuration, password included.
_traceback = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure_logs(settings: LogSettings, **context: Any) -> None:
    """Set up logging for this process.

    Parameters
    ----------
    settings
        Level and format.
    context
        Fields of every line, such as the worker's number.
    """

    def add_context(_: Any, __: str, event: Any) -> Any:
        # Not structlog's context variables: a thread would begin without them.
        return {**context, **event}

    shared: list[structlog.typing.Processor] = [
        add_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [_traceback, structlog.processors.JSONRenderer()]
        if settings.format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # Lines of libraries, librdkafka's among them, look like our own.
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
