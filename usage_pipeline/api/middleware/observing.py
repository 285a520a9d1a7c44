"""Watches each request from outside: a line of the access log, and the metrics."""

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.exchanges import Exchange
from usage_pipeline.api.measures import Measures
from usage_pipeline.api.middleware.base import HttpMiddleware

_ABORTED = 499
"""The status of a request whose client left before it was answered, as nginx has it."""

_log = logging.getLogger("usage_pipeline.api.access")


class Observing(HttpMiddleware):
    """Measures each request, and logs it if asked to."""

    def __init__(self, app: ASGIApp, measures: Measures, *, log: bool) -> None:
        """Wrap an app."""
        super().__init__(app)
        self._measures = measures
        self._logs = log

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        status, sent, begun = _ABORTED, 0, perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status, sent
            status = message.get("status", status)
            sent += len(message.get("body", b""))
            await send(message)

        with self._measures.in_progress.track_inprogress():
            try:
                await self.app(scope, receive, sending)
            finally:
                self._tell(Exchange.of(scope, status, sent, perf_counter() - begun))

    def _tell(self, exchange: Exchange) -> None:
        self._measures.observe(exchange)
        if self._logs:
            told = (exchange.method, exchange.route, exchange.status)
            _log.info("%s %s %s", *told, extra={"fields": vars(exchange)})
