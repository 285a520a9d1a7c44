"""What all middleware here shares. It is plain ASGI, so that streams pass through piece by piece."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Start = Callable[[int, MutableHeaders], None]
"""Gets the status and the headers of an answer before they are sent, and may change the headers."""


class HttpMiddleware(ABC):
    """Middleware that requests pass through; the start and the end of the process don't concern it."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http":
            await self.handle(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    @abstractmethod
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""


def at_start(send: Send, act: Start) -> Send:
    """Return a `send` that acts on the start of the answer."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            act(message["status"], MutableHeaders(scope=message))
        await send(message)

    return sending
