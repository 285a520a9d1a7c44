"""Gives up requests that take too long."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware
from usage_pipeline.api.problems import TOO_SLOW, ProblemError


class TimeLimit(HttpMiddleware):
    """Limits the time until an answer begins, and from then on the time between two pieces of it.

    A stream may so take any time, but one that stands still ends: its source hangs, or its client has stopped
    reading. A thread that is at work for a request cannot be ended; the database ends its statements.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """Wrap an app."""
        super().__init__(app)
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Raises ProblemError (504)."""
        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self.app(scope, receive, self._restarting(send, limit))
        except TimeoutError:
            if not limit.expired():
                raise
            raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, TOO_SLOW) from None

    def _restarting(self, send: Send, limit: asyncio.Timeout) -> Send:
        async def sending(message: Message) -> None:
            limit.reschedule(asyncio.get_running_loop().time() + self._seconds)
            await send(message)

        return sending
