"""Refuses requests that no client of the API sends: too large ones, and those with characters that no id has."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware
from usage_pipeline.api.problems import ProblemError

BODY_BYTES = 64 * 1024
HEADER_BYTES = 16 * 1024
"""All names and values. The server itself gives up on twice as much, before it knows that it is a request."""

_LARGE_BODY = f"The body of a request has at most {BODY_BYTES:,} bytes."
_LARGE_HEADERS = f"The headers of a request have at most {HEADER_BYTES:,} bytes."
_NUL = "The address holds a character that is in no id, %00."


class RequestLimits(HttpMiddleware):
    """Refuses them, and counts the bytes of a body that does not say how large it is."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Raises ProblemError (400, 413, 431)."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LARGE_HEADERS)
        if _stated_size(scope) > BODY_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _LARGE_BODY)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:  # PostgreSQL cannot compare it
            raise ProblemError(HTTPStatus.BAD_REQUEST, _NUL)
        await self.app(scope, _counted(receive), send)


def _stated_size(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "0")
    return int(stated) if stated.isdecimal() else 0


def _counted(receive: Receive) -> Receive:
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_BYTES:
            # The framework takes any other error for a fault in the body's form.
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _LARGE_BODY)
        return message

    return receiving
