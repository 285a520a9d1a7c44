"""Closes connections on which the headers of a request do not come to their end.

A request is known to the app from the end of its headers on, and limited there. What comes before is the server's,
which waits for ever.
"""

import asyncio
from asyncio import TimerHandle
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class HeaderTimeProtocol(H11Protocol):
    """HTTP/1.1 with a limit on the time that headers take."""

    header_seconds: ClassVar[float] = 10
    _waiting: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for headers."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait on if headers have begun and not ended; else the app has a request."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._end_waiting()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._end_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.header_seconds, self._close)

    def _close(self) -> None:
        self.transport.close()

    def _end_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
