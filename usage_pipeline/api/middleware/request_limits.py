"""Refuses requests that no client of the API sends.

They are too large or too slow, have characters that no id has, or a body that is no JSON.
"""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_pipeline.api.middleware.base import HttpMiddleware
from usage_pipeline.api.problems import ProblemError

BODY_BYTES = 64 * 1024
HEADER_BYTES = 16 * 1024
"""All names and values. The server itself gives up on twice as much, before it knows that it is a request."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_LARGE_BODY = f"The body of a request has at most {BODY_BYTES:,} bytes."
_LARGE_HEADERS = f"The headers of a request have at most {HEADER_BYTES:,} bytes."
_NO_JSON = "Send the body as JSON, with the header `Content-Type: application/json`."
_SLOW_BODY = "The body of the request took too long to come."
_CLOSE = {"Connection": "close"}
"""The rest of a body is not waited for."""
_NUL = "The address holds a character that is in no id, %00."


class RequestLimits(HttpMiddleware):
    """Refuses them. The others are handled when their body is there, in one piece."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        """Wrap an app. A body has so many seconds to come."""
        super().__init__(app)
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request. Raises ProblemError (400, 408, 413, 415, 431)."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADER_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _LARGE_HEADERS)
        if _stated_size(scope) > BODY_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _LARGE_BODY, headers=_CLOSE)
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:  # PostgreSQL cannot compare it
            raise ProblemError(HTTPStatus.BAD_REQUEST, _NUL)
        try:
            async with asyncio.timeout(self._seconds):
                body = await _body(receive)
        except TimeoutError:
            raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, _SLOW_BODY, headers=_CLOSE) from None
        if body and scope["method"] in _WITH_BODY and not _is_json(scope):
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _NO_JSON)
        if body is not None:
            await self.app(scope, _with(body, receive), send)


def _stated_size(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "0")
    return int(stated) if stated.isdecimal() else 0


def _is_json(scope: Scope) -> bool:
    sent_as = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return sent_as == "application/json" or (sent_as.startswith("application/") and sent_as.endswith("+json"))


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body; None if the client left before its end. Raises ProblemError (413)."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += bytes(message.get("body", b""))
        if len(body) > BODY_BYTES:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _LARGE_BODY, headers=_CLOSE)
        if not message.get("more_body", False):
            return body
    return None


def _with(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receiving() -> Message:
        return next(messages, None) or await receive()

    return receiving
