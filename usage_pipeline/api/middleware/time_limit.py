"""Gives up requests that take too long, and those whose client has left."""

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware
from usage_pipeline.api.problems import TOO_SLOW, ProblemError
from usage_pipeline.storage.stopping import Question, as_question

_MORE = 0.2
"""How much longer than its time a request has to come to its end when it is stopped, as a part of that time."""
_STOP_AGAIN_SECONDS = 0.05


class TimeLimit(HttpMiddleware):
    """Limits the time until an answer begins, and from then on the time between two pieces of it.

    A stream may so take any time, but one that stands still ends: its source hangs, or its client has stopped
    reading. The work for a request is stopped, so that it takes nothing from others. What does not stop soon is
    left alone in its thread.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """Wrap an app."""
        super().__init__(app)
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, whose body comes in one piece. Raises ProblemError (504)."""
        body = await receive()
        with as_question() as question:
            left = asyncio.Event()
            limit = asyncio.timeout(self._seconds * (1 + _MORE))
            watching = [
                asyncio.create_task(self._stop_when_left(question, receive, left)),
                asyncio.create_task(self._stop_when_over(question, limit)),
            ]
            try:
                async with limit:
                    await self.app(scope, _body_and(left, body), self._restarting(send, limit, left))
            except TimeoutError:
                if not limit.expired():
                    raise
                raise ProblemError(HTTPStatus.GATEWAY_TIMEOUT, TOO_SLOW) from None
            finally:
                question.stop()
                for task in watching:
                    task.cancel()

    def _restarting(self, send: Send, limit: asyncio.Timeout, left: asyncio.Event) -> Send:
        async def sending(message: Message) -> None:
            limit.reschedule(asyncio.get_running_loop().time() + self._seconds * (1 + _MORE))
            if not left.is_set():
                await send(message)

        return sending

    async def _stop_when_over(self, question: Question, limit: asyncio.Timeout) -> None:
        while (more := self._left_of(limit)) > 0:  # noqa: ASYNC110 - pieces that are sent postpone it
            await asyncio.sleep(more)
        await _stop(question)

    def _left_of(self, limit: asyncio.Timeout) -> float:
        """Return the seconds until the time is over; each piece that is sent begins it anew."""
        end = limit.when() or asyncio.get_running_loop().time() + self._seconds * (1 + _MORE)
        return end - self._seconds * _MORE - asyncio.get_running_loop().time()

    @staticmethod
    async def _stop_when_left(question: Question, receive: Receive, left: asyncio.Event) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()
        await _stop(question)


def _body_and(left: asyncio.Event, body: Message) -> Receive:
    """Return a `receive` for the app, while another waits for the end of the connection."""
    messages = iter([body])

    async def receiving() -> Message:
        if message := next(messages, None):
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    return receiving


async def _stop(question: Question) -> None:
    while True:
        question.stop()
        await asyncio.sleep(_STOP_AGAIN_SECONDS)
