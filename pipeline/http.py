"""What an operator's tools ask: ``/metrics``, ``/livez`` and ``/readyz``.

Neither health answer depends on the broker or on the lag: restarting the daemon
would mend neither.
"""

from collections.abc import Callable, Iterable
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from pipeline.errors import ConfigurationError
from pipeline.settings import HttpSettings

__all__ = ["serve"]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: Prometheus asks every few seconds."""


def serve(
    settings: HttpSettings,
    registry: CollectorRegistry,
    *,
    alive: Callable[[], bool],
    ready: Callable[[], bool],
) -> int:
    """Serve in a thread, and return the port.

    Raises
    ------
    ConfigurationError
        If the address cannot be had.
    """
    metrics = make_wsgi_app(registry)
    health = {"/livez": alive, "/readyz": ready}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            answer: Iterable[bytes] = metrics(environ, start_response)
            return answer
        if path not in health:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"there are /metrics, /livez and /readyz\n"]
        good = health[path]()
        status = "200 OK" if good else "503 Service Unavailable"
        start_response(status, [("Content-Type", "text/plain")])
        return [b"yes\n" if good else b"no\n"]

    try:
        server = make_server(
            settings.host,
            settings.port,
            app,
            # Threads: a client that connects and says nothing must not hold up /livez.
            server_class=ThreadingWSGIServer,
            handler_class=_Quiet,
        )
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {settings.host}:{settings.port} ([http]): {error.strerror}"
        ) from error
    Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server.server_port
