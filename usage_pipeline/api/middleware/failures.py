"""Answers errors with problems that no route has answered: those of middleware, and those that nobody expected."""

import asyncio
import logging

from starlette.datastructures import MutableHeaders
from starlette.types import Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware, at_start
from usage_pipeline.api.problems import ProblemError, unexpected
from usage_pipeline.errors import UsagePipelineError

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
        except asyncio.CancelledError:  # so ends what is not answered when the time to stop is over
            _log.warning("An answer was cut because the server stops.")
        except Exception as error:  # noqa: BLE001 - whatever it is, the log has it
            if started:
                _tell_of_cut(error)
                return  # without the end of the answer
            await _problem(error).response(scope, receive, send)


def _problem(error: Exception) -> ProblemError:
    if isinstance(error, ProblemError):
        return error
    _log.error("A request failed.", exc_info=error)
    return unexpected()


def _tell_of_cut(error: Exception) -> None:
    """Log why an answer is cut. Errors that are known come here wrapped: they were too late to be answered."""
    known = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    if isinstance(known, ProblemError | UsagePipelineError):
        _log.warning("An answer was cut after a part of it was sent: %s", known)
    else:
        _log.error("An answer was cut after a part of it was sent.", exc_info=error)
