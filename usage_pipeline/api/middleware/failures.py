"""Answers errors with problems that no route has answered: those of middleware, and those that nobody expected."""

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware, at_start
from usage_pipeline.api.problems import ProblemError, unexpected

_log = logging.getLogger("usage_pipeline.api")


class Failures(HttpMiddleware):
    """Answers an error, unless a part of the answer was sent: then the server cuts the connection."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        started = False

        def start(_: int, __: MutableHeaders) -> None:
            nonlocal started
            started = True

        try:
            await self.app(scope, receive, at_start(send, start))
        except Exception as error:
            if started:
                raise
            await _problem(error).response(scope, receive, send)


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    _log.error("A request failed.", exc_info=error)
    return unexpected()
