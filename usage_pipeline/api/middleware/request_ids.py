"""Gives each request its id."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware, at_start
from usage_pipeline.api.request_id import HEADER, choose_request_id, request_id


class RequestIds(HttpMiddleware):
    """Sets the id of the request, and answers it."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        chosen = choose_request_id(Headers(scope=scope).get(HEADER))
        request_id.set(chosen)  # each request is a task with a context of its own, and what ends it may log, too

        def add(_: int, headers: MutableHeaders) -> None:
            headers[HEADER] = chosen

        await self.app(scope, receive, at_start(send, add))
