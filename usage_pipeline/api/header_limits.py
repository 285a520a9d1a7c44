"""Closes connections on which the headers of a request do not come to their end.

A request is known to the app from the end of its headers on, and limited there. What comes before is the server's,
which waits for ever, and keeps all that comes.
"""

import asyncio
from asyncio import TimerHandle
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from usage_pipeline.api.middleware.request_limits import HEADER_BYTES


class HeaderLimitsProtocol(HttpToolsProtocol):
    """HTTP/1.1 with limits on the time and the room that headers take."""

    header_seconds: ClassVar[float] = 10
    header_bytes: ClassVar[int] = 2 * HEADER_BYTES
    """Of the first line, too. The app refuses fewer with a problem that says why."""
    _waiting: TimerHandle | None = None
    _come: int = 0
    """Bytes of headers that have not ended."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for headers."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Read on, and give up headers that are too large."""
        super().data_received(data)
        if self._waiting is not None and not self.transport.is_closing():
            self._come += len(data)
            if self._come > self.header_bytes:
                self.send_400_response("The headers of the request are too large.")

    def on_message_begin(self) -> None:
        """Wait for the headers of another request."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Give the request to the app."""
        self._end_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._come = 0
        self._waiting = self.loop.call_later(self.header_seconds, self._close)

    def _close(self) -> None:
        self.transport.close()

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
