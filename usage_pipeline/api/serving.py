"""Serves the API from this process until a signal ends it."""

import gc
import signal
import socket
import sys
from types import FrameType

import uvicorn

from usage_pipeline.api.app import create_app
from usage_pipeline.api.header_time import HeaderTimeProtocol
from usage_pipeline.api.logs import CONFIGURATION
from usage_pipeline.api.middleware.request_limits import HEADER_BYTES
from usage_pipeline.api.preparing import preparing
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.warehouse import Connections

_OF_SERVER = {"duckdb_threads": 1, "duckdb_memory_limit": "300MB"}
_SWITCH_SECONDS = 0.0005
"""After which a thread that computes lets others go on. With the ten times of Python, a request that asks the
database several times would wait for those that compute each time that it is answered."""
_STOP_SECONDS = 10
"""Requests that are being answered may take this long when the server stops."""


def connections_of(settings: Settings) -> Connections:
    """Return how the API connects to the database: quick to say that it is away, and quick to be back."""
    return Connections(
        kept=10,
        most=30,
        wait_seconds=5,
        connect_seconds=5,
        statement_seconds=settings.api_timeout_seconds,
        trusted_seconds=1,
    )


def tuned(settings: Settings) -> Settings:
    """Return the settings of a server, as far as they are not set: one thread of DuckDB for each request.

    Requests are small and many at once, so that more threads for one of them cost more than they bring. What is
    kept in memory would take all that DuckDB may have.
    """
    unset = {name: value for name, value in _OF_SERVER.items() if name not in settings.model_fields_set}
    return settings.model_copy(update=unset)


def serve(storage: Storage, listener: socket.socket) -> None:
    """Answer requests until a signal ends it; requests that are being answered end first."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = create_app(storage)
    # What is there now stays. To look through all of it, as Python does every some thousand requests, would stop
    # those that are being answered for a tenth of a second.
    gc.collect()
    gc.freeze()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=HeaderTimeProtocol,  # h11 alone limits what it keeps of headers that do not end
            h11_max_incomplete_event_size=2 * HEADER_BYTES,
            ws="none",
            log_config=CONFIGURATION,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=storage.settings.api_trusted_proxies,
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    # While it runs the server has handlers of its own, and at its end it repeats the signal for those before.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, stop)
    with preparing(app.state.pages):
        server.run([listener])
